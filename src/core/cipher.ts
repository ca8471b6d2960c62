import type { SessionId } from './store.ts'

/** Which record is sealed or opened. A sealed part that is moved to another place can't be opened there. */
export interface SealedPlace {
  readonly id: SessionId
  readonly userId: string | undefined
}

/** What a record says of how it is sealed, in its clear first line. */
export interface SealNote {
  /** Names the key of the server's. */
  readonly key: string
  /** What is sealed for the server alone, in base64url. */
  readonly own?: string | undefined
  /** The key of the contents, wrapped under the visitor's secret, and under the one before while that is valid. */
  readonly wraps?: { readonly current: string; readonly previous?: string | undefined } | undefined
}

/** Who asks for the contents, where they are bound to the visitor. */
export interface Holder {
  readonly secret: Uint8Array
  /** It is the secret before a rotation. */
  readonly isPrevious: boolean
}

/** How the contents are to be sealed. */
export interface Sealing {
  /** How they were sealed, where they may go on under the same key: in the same epoch. */
  readonly before?: { readonly note: SealNote; readonly contentKey: Uint8Array | undefined } | undefined
  /** The visitor's new secret, and the one that stays valid beside it. Undefined: the secrets stay as they are. */
  readonly secrets?: { readonly current: Uint8Array; readonly previous?: Uint8Array | undefined } | undefined
}

/** Seals what sessions hold before a store gets it: `encryption()` of coatcheck/security/encryption makes one. */
export interface Cipher {
  /** Whether a record that is not sealed is read: while an encryption is being introduced. Whatever is written is sealed. */
  readonly acceptsPlaintext: boolean
  /** `head` makes the record's clear first line of the note; the contents can't be opened beside another. */
  seal(
    place: SealedPlace,
    parts: { readonly own: string | undefined; readonly contents: string },
    sealing: Sealing,
    head: (note: SealNote) => string,
  ): {
    readonly head: string
    readonly contents: Uint8Array
    readonly note: SealNote
    readonly contentKey: Uint8Array | undefined
  }
  /** Throws whatever it likes when the part was not sealed so. */
  openOwn(place: SealedPlace, note: SealNote): string | undefined
  /** The key of bound contents. Throws when this is not whom they are bound to. */
  unwrap(place: SealedPlace, note: SealNote, holder: Holder): Uint8Array
  /** `contentKey` where they are bound. Throws when they were not sealed so. */
  openContents(
    place: SealedPlace,
    sealed: { readonly note: SealNote; readonly head: string; readonly contents: Uint8Array },
    contentKey: Uint8Array | undefined,
  ): string
  /** Sealed under a key that is to be retired: seal it anew on occasion. */
  isOutdated(note: SealNote): boolean
}
