/** Columns padded to their widest cell; the first is aligned left, the others right. */
export function textTable(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const all = [header, ...lines];
  const widths = header.map((_, column) => Math.max(...all.map((line) => (line[column] ?? '').length)));
  const show = (line: readonly string[]): string =>
    widths
      .map((width, column) =>
        column === 0 ? (line[column] ?? '').padEnd(width) : (line[column] ?? '').padStart(width),
      )
      .join('  ')
      .trimEnd();
  return [show(header), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(show)].join('\n');
}
