/** Where tests show tickets on purpose, and why. Nothing that a visitor may meet belongs here, no server of src, demo or examples, but one page: the attack lab's own throwaway tickets. */
export const deliberate = [
  {
    of: 'test/regressions/strict-ids.test.ts',
    place: 'url',
    why: 'CVE-2026-26196: a ticket in an address opens nothing',
  },
  {
    of: 'test/regressions/users.test.ts',
    place: 'url',
    why: 'a ticket that is given for a device’s handle revokes nothing',
  },
  {
    of: 'test/conformance/',
    place: 'url',
    why: 'id.cookie-only and user.revoke-authz try a valid ticket in an address',
  },
  {
    of: 'test/audit/',
    place: 'url',
    why: 'the audit asks whether a site takes a ticket from an address',
  },
  {
    of: 'test/attacks/',
    place: 'url',
    why: 'an attacker plants their own ticket through a page of theirs (fixation), and steals that of the weak twin',
  },
  {
    of: 'test/attacks/',
    place: 'response body',
    why: 'the page that plants it holds it',
  },
  ...['demo/lab.test.ts', 'test/browser/lab.test.ts', 'test/browser/accessibility'].map((of) => ({
    of,
    place: 'response body',
    why: 'the attack lab shows the ticket of a throwaway session whole, to be copied',
  })),
]
