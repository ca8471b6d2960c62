#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { audit } from './audit.ts'
import type { AuditRequest } from './options.ts'
import { AuditError } from './report.ts'
import { renderReport } from './terminal.ts'

const help = `coatcheck audit: looks at the sessions of a running site from outside

  coatcheck audit https://shop.example --login /login --field username=ann --field password=…
  coatcheck audit https://localhost:3000 --login /login --field username=admin --field password=secret --logout /logout

It logs in some fifteen times and out some five times: audit what is yours, with an account made for it.

Options
  --login <path>          the login page, or what takes the login where there is no page (needed)
  --field <name>=<value>  what is filled in; once for each field (needed)
  --field-env <name>=<variable>
                          the same, from an environment variable
  --me <path>             a page that looks different to someone who is signed in (default: where the login leads)
  --logout <path>         what logs out (default: logging out is not looked at)
  --send form|json        how the login is sent where no form says so (default: form)
  --samples <number>      how many ids are looked at (default: 10)
  --plain <url>           the same site over plain http (default: port 80, where the site has port 443)
  --connect-to <host>:<port>
                          connect there, whatever the URL's host is
  --ca <file>             certificates to trust, PEM; on this machine, self-signed ones are trusted anyway
  --deadline <ms>         for each request (default: 10000)
  --json                  print the report as JSON
  --help                  this text

Exit code: 0 nothing found, 1 something found, 2 the audit could not be run
`

/** A command line that can't be understood. */
class Misuse extends Error {}

process.exitCode = await main(process.argv.slice(2))

async function main(argv: string[]): Promise<number> {
  try {
    const given = parsed(argv)
    if (given === 'help') {
      process.stdout.write(help)
      return 0
    }
    const report = await audit(given.request)
    const text = given.isJson
      ? JSON.stringify(report, null, 2)
      : renderReport(report, { isColored: process.stdout.isTTY && !process.env.NO_COLOR })
    process.stdout.write(`${text}\n`)
    return report.findings.length > 0 ? 1 : 0
  } catch (error) {
    if (!(error instanceof AuditError || error instanceof Misuse || isParseError(error))) throw error
    process.stderr.write(`coatcheck audit: ${error.message}\n`)
    return 2
  }
}

function isParseError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

function parsed(argv: string[]): 'help' | { request: AuditRequest; isJson: boolean } {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      login: { type: 'string' },
      field: { type: 'string', multiple: true, default: [] },
      'field-env': { type: 'string', multiple: true, default: [] },
      me: { type: 'string' },
      logout: { type: 'string' },
      send: { type: 'string' },
      samples: { type: 'string' },
      plain: { type: 'string' },
      'connect-to': { type: 'string' },
      ca: { type: 'string' },
      deadline: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help || argv.length === 0) return 'help'
  const [command, url, ...others] = positionals
  if (command !== 'audit' || url === undefined || others.length > 0) {
    throw new Misuse('say `coatcheck audit <url> --login <path> --field <name>=<value>`; --help has the rest')
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new Misuse(`${url} is no http(s) URL`)
  if (values.login === undefined) throw new Misuse('--login is missing')
  const fields = Object.fromEntries([
    ...values.field.map((pair) => halves('--field', pair)),
    ...values['field-env'].map((pair) => {
      const [name, variable] = halves('--field-env', pair)
      const value = process.env[variable]
      if (value === undefined) throw new Misuse(`--field-env: there is no environment variable ${variable}`)
      return [name, value]
    }),
  ])
  if (Object.keys(fields).length === 0) throw new Misuse('--field is missing')
  const { send, samples, me, logout, plain, deadline } = values
  if (send !== undefined && send !== 'form' && send !== 'json') throw new Misuse('--send is form or json')
  const connection = {
    ...(deadline !== undefined && { deadline: numberOf('--deadline', deadline) }),
    ...(values.ca !== undefined && { ca: certificatesIn(values.ca) }),
    ...(values['connect-to'] !== undefined && { connectTo: addressOf(values['connect-to']) }),
  }
  return {
    isJson: values.json,
    request: {
      url,
      login: pathOf('--login', values.login),
      fields,
      connection,
      ...(me !== undefined && { me: pathOf('--me', me) }),
      ...(logout !== undefined && { logout: pathOf('--logout', logout) }),
      ...(send !== undefined && { send }),
      ...(samples !== undefined && { samples: numberOf('--samples', samples) }),
      ...(plain !== undefined && { plainUrl: plain }),
    },
  }
}

function halves(option: string, pair: string): [string, string] {
  const equals = pair.indexOf('=')
  if (equals < 1) throw new Misuse(`${option} ${pair}: name=value is wanted`)
  return [pair.slice(0, equals), pair.slice(equals + 1)]
}

function pathOf(option: string, path: string): string {
  if (!path.startsWith('/')) throw new Misuse(`${option} ${path}: a path that begins with / is wanted`)
  return path
}

function numberOf(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Misuse(`${option} ${text}: a positive number is wanted`)
  return number
}

function addressOf(text: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?(.+?)\]?:(\d+)$/.exec(text) ?? []
  if (host === '') throw new Misuse(`--connect-to ${text}: host:port is wanted`)
  return { host, port: Number(port) }
}

function certificatesIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Misuse(`--ca ${file}: ${(error as Error).message}`)
  }
}
