import { subscribe } from 'node:diagnostics_channel'

/** Hears what core publishes, from now on. */
export function watchEvents(listener: (name: string, message: unknown) => void): void {
  for (const name of ['conflict', 'suspicious', 'rejected', 'rotated', 'created', 'ended']) {
    subscribe(`coatcheck:${name}`, (message) => listener(name, message))
  }
}
