// Generated files: written, or compared with what is there. Knows nothing of what is in them.

/** Path from the root of the project → what belongs there. */
export type GeneratedFiles = Readonly<Record<string, () => string>>

export interface SyncDeps {
  /** Compare instead of writing. */
  readonly check: boolean
  /** Throws where there is no such file. */
  readonly read: (file: string) => string
  readonly write: (file: string, text: string) => void
  readonly print: (line: string) => void
}

/** The exit code: 1 if a file was to be compared and differs. */
export function syncFiles(files: GeneratedFiles, deps: SyncDeps): number {
  const stale = Object.entries(files).filter(([file, generate]) => current(file, deps) !== generate())
  for (const [file, generate] of stale) {
    if (!deps.check) deps.write(file, generate())
    deps.print(deps.check ? `${file} is out of date: run "npm run docs" and commit the result` : `wrote ${file}`)
  }
  if (stale.length === 0) deps.print(`${Object.keys(files).join(', ')}: up to date`)
  return deps.check && stale.length > 0 ? 1 : 0
}

function current(file: string, { read }: SyncDeps): string | undefined {
  try {
    return read(file)
  } catch {
    return undefined
  }
}
