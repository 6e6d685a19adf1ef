/** From this many characters in one cell on, a table is text in columns rather than figures. */
const LONG_CELL = 60;
/** A name in code: it is not broken. */
const NAME = /^`[^`\s]{1,26}`$/;

/**
 * markdown-it plugin: on a phone, each row of a table with long texts is shown as a block of its own, for which its cells
 * carry the heading of their column. Tables of figures stay tables and scroll.
 */
export function tablesForPhones(markdown) {
  // VitePress's own rule drops the attributes. A table that scrolls can be reached with the keyboard.
  markdown.renderer.rules.table_open = (tokens, index, options, _env, self) => {
    tokens[index].attrSet('tabindex', '0');
    return self.renderToken(tokens, index, options);
  };
  markdown.core.ruler.push('tables-for-phones', ({ tokens }) => {
    for (let start = 0; start < tokens.length; start++) {
      if (tokens[start].type !== 'table_open') continue;
      const length = tokens.slice(start).findIndex(({ type }) => type === 'table_close');
      label(tokens.slice(start, start + length));
    }
  });
}

function label(tokens) {
  const headings = tokens.flatMap(({ type }, index) => (type === 'th_open' ? [tokens[index + 1].content] : []));
  let column = 0;
  let longest = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'tr_open') column = 0;
    if (token.type !== 'td_open') continue;
    if (NAME.test(tokens[index + 1].content)) token.attrSet('class', 'name');
    longest = Math.max(longest, tokens[index + 1].content.length);
    token.attrSet('data-heading', (headings[column++] ?? '').replaceAll('`', ''));
  }
  if (longest >= LONG_CELL) tokens[0].attrJoin('class', 'long-texts');
}
