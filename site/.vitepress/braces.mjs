/**
 * Vue reads `{{ … }}` in a page as an expression. Here it is text everywhere, as on GitHub: templates of requests contain it.
 * Fenced code is out of Vue's sight already.
 */
export function bracesAreText(markdown) {
  const { rules } = markdown.renderer;
  for (const name of ['text', 'code_inline']) {
    const render = rules[name];
    rules[name] = (...args) => render(...args).replaceAll('{{', '&#123;&#123;');
  }
}
