/** Everyone's password in this application. */
export const password = 'correct horse'

export const secondFactor = '424242'

/** Who exists: any `user-…`, and these. */
const named = ['alice', 'bob', 'carol', 'admin']

export class Accounts {
  readonly #disabled = new Set<string>()

  /** The user's id, if the password is right. */
  verify(name: string | undefined, given: string | undefined): string | undefined {
    const exists = name !== undefined && (named.includes(name) || /^user-\d+$/.test(name))
    return exists && given === password && !this.#disabled.has(name) ? name : undefined
  }

  needsSecondFactor(userId: string): boolean {
    return userId === 'carol'
  }

  isAdministrator(userId: string | undefined): boolean {
    return userId === 'admin'
  }

  disable(userId: string): void {
    this.#disabled.add(userId)
  }
}
