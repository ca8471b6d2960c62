import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { generate } from 'selfsigned'

export interface Certificate {
  key: string
  cert: string
}

const oneDay = 24 * 3600 * 1000
/** The second is the evil site of the attack lab. */
const names = ['localhost', 'evil.localhost']

/** A certificate for this machine's own names, made here and kept for a year, so that a browser asks about it once. */
export async function localCertificate(directory: string): Promise<Certificate> {
  return (await readKept(directory)) ?? (await makeNew(directory))
}

async function readKept(directory: string): Promise<Certificate | undefined> {
  try {
    const [key, cert] = await Promise.all([
      readFile(`${directory}/key.pem`, 'utf8'),
      readFile(`${directory}/cert.pem`, 'utf8'),
    ])
    const known = new X509Certificate(cert)
    const isGood = Date.parse(known.validTo) > Date.now() + oneDay && names.every((name) => known.checkHost(name))
    return isGood ? { key, cert } : undefined
  } catch {
    return undefined
  }
}

async function makeNew(directory: string): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 365 * oneDay),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: 2 as const, value })),
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(`${directory}/cert.pem`, cert)
  await writeFile(`${directory}/key.pem`, key, { mode: 0o600 })
  // `mode` counts only for a file that did not exist.
  await chmod(`${directory}/key.pem`, 0o600)
  return { key, cert }
}
