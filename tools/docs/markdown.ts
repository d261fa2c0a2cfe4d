// Small pieces of Markdown.

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows.map((row) => row.map(cell))]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

export function code(text: string): string {
  return `\`${text}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

/** Says where a page comes from, to whoever opens it to change it. */
export function generatedFrom(source: string): string {
  return `<!-- Generated from ${source} by "npm run docs". Change it there. -->`
}
