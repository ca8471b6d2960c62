import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { generate } from 'selfsigned'

export interface Certificate {
  key: string
  cert: string
}

const oneDay = 24 * 3600 * 1000

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
    return Date.parse(new X509Certificate(cert).validTo) > Date.now() + oneDay ? { key, cert } : undefined
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
          { type: 2, value: 'localhost' },
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
