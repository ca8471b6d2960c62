/** The server, or its description, lacks what a check needs. The message is the reason that the report prints. */
export class NotApplicable extends Error {
  override readonly name: string = 'NotApplicable'
}
