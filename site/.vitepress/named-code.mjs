/** markdown-it plugin: a code block with `title="…"` behind its fence shows that file's name above the code. */
export function namedCode(markdown) {
  const fence = markdown.renderer.rules.fence;
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const html = fence(tokens, index, ...rest);
    const title = /\btitle="([^"]+)"/.exec(tokens[index].info)?.[1];
    if (title === undefined) return html;
    return `<div class="named-code"><div class="code-name">${markdown.utils.escapeHtml(title)}</div>${html}</div>`;
  };
}
