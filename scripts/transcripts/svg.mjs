// Draws a transcript as a terminal that is being typed into: an SVG with CSS animations, which README pages show.

const [CHAR, LINE, PAD, BAR] = [8.4, 20, 16, 34];
const COLUMNS = 100;
/** Seconds: for a typed character, before a command, after its output, and at the end. */
const [KEY, THINK, READ, REST] = [0.03, 0.6, 1.2, 4];

/** `text` is the inside of a console block: `$ command`, and its output below. */
export function svgOf(text, title) {
  const lines = text.trimEnd().split('\n').flatMap(wrapped);
  let now = 0;
  const drawn = lines.map((line, row) => {
    const isCommand = line.startsWith('$ ');
    if (isCommand) now += row === 0 ? THINK : READ + THINK;
    const at = now;
    if (isCommand) now += KEY * line.length;
    return { line, row, at, isCommand, typed: KEY * line.length };
  });
  const total = now + REST;
  const percent = (seconds) => `${((100 * seconds) / total).toFixed(2)}%`;
  const rules = drawn.map(({ row, at }) => {
    const shown = percent(at + 0.01);
    return `@keyframes l${row}{0%,${percent(at)}{opacity:0}${shown},99.9%{opacity:1}100%{opacity:0}}`;
  });
  const texts = drawn.map(({ line, row, isCommand }) => {
    const y = BAR + PAD + LINE * (row + 0.7);
    const kind = isCommand ? 'c' : /^(ERROR|ttrpc:)/.test(line) ? 'e' : 'o';
    return `<text class="${kind}" x="${PAD}" y="${y}" style="animation-name:l${row}">${escaped(line)}</text>`;
  });
  const [width, height] = [2 * PAD + COLUMNS * CHAR, BAR + 2 * PAD + LINE * lines.length];
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, at) => `<circle cx="${20 + 20 * at}" cy="17" r="6" fill="${colour}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;animation:${total.toFixed(2)}s linear infinite}
.c{fill:#7ee787}.o{fill:#e6edf3}.e{fill:#ff7b72}
@media (prefers-reduced-motion:reduce){text{animation:none}}
${rules.join('\n')}
</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${dots.join('')}
${texts.join('\n')}
</svg>
`;
}

function wrapped(line) {
  const pieces = [];
  for (let at = 0; at === 0 || at < line.length; at += COLUMNS) pieces.push(line.slice(at, at + COLUMNS));
  return pieces;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
