/** A Markdown table; the first column is aligned left, the others right. */
export function markdownTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(header), row(header.map((_, index) => (index === 0 ? '---' : '---:'))), ...lines.map(row)].join('\n');
}
