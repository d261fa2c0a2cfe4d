// What must never be printed: every token and key that a test has used. Clients and servers for tests remember theirs
// here; `expectNoSecrets` looks for any part of any of them in a text. One list per test file.

const secrets = new Set<string>()

export function rememberSecret(secret: string): string {
  secrets.add(secret)
  return secret
}

/** Any 31 characters in a row of a secret contain one of its pieces of this length, whatever they begin with. */
const pieceLength = 16

/** Throws where `text` (named by `where`) holds a part of a secret. The error does not repeat it. */
export function expectNoSecrets(where: string, text: string): void {
  for (const secret of secrets) {
    const found = piecesOf(secret).find((piece) => text.includes(piece))
    if (found === undefined) continue
    const at = text.indexOf(found)
    throw new Error(`${where} holds a part of a token or key, after: ${text.slice(Math.max(0, at - 80), at)}`)
  }
}

function piecesOf(secret: string): readonly string[] {
  return secretParts(secret).flatMap((part) => {
    const count = Math.floor(part.length / pieceLength)
    return Array.from({ length: count }, (_, index) => part.slice(index * pieceLength, (index + 1) * pieceLength))
  })
}

/** Of a token its claims and signature (tokens of one key share their header), of a PEM its body, else the whole. */
function secretParts(secret: string): readonly string[] {
  if (secret.startsWith('-----BEGIN')) return secret.split('\n').filter((line) => !line.startsWith('-----'))
  const parts = secret.split('.')
  return parts.length === 3 ? parts.slice(1) : [secret]
}
