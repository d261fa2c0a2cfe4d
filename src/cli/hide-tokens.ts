// What is said to a person never repeats a token: one that was typed where it does not belong would be printed back by
// whoever complains about it, into a terminal's history or a build's log.

/** A JWS by its characters: its first part is JSON, which begins with `{"`. */
const token = /eyJ[\w-]*(?:\.[\w-]*)+/g

export function hideTokens(text: string): string {
  return text.replace(token, '[hidden]')
}
