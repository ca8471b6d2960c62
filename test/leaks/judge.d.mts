export interface Leak {
  readonly place: string
  readonly process: string
  readonly text: string
  readonly ticket: string
  readonly issuer: string
}

export interface Judgement {
  readonly tickets: number
  readonly searched: { readonly [place: string]: number }
  readonly leaks: readonly Leak[]
}

export function judge(folder: string): Judgement
export function report(
  judgement: Judgement,
  options: { readonly isWhole: boolean },
): { readonly isClean: boolean; readonly lines: readonly string[] }
