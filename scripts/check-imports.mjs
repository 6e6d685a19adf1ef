// Looks at the imports of src: no file may import one that imports it, however far around, and none one of a higher room.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import ts from 'typescript';
import { closedTo, roomOf, ROOMS } from './rooms.mjs';
import { root } from './run.mjs';

const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'));

/** What each file imports, types too, as paths from src. */
const imports = new Map(
  files.map((file) => {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(src, file), 'utf8'), true, true);
    const own = importedFiles
      .map(({ fileName }) => fileName)
      .filter((name) => name.startsWith('.'))
      .map((name) => posix.join(dirname(file), name).replace(/\.js$/, '.ts'));
    return [file, [...new Set(own)]];
  }),
);

const problems = [...upward(), ...circles()];
for (const line of ROOMS) {
  for (const room of line) {
    const inside = files.filter((file) => roomOf(file) === room);
    if (inside.length > 0) console.log(`${room}: ${inside.length} files, ${sum(inside.map(lines))} lines`);
  }
}
// Of those that are written by hand.
const longest = files
  .filter((file) => !file.includes('/generated/'))
  .reduce((one, other) => (lines(other) > lines(one) ? other : one));
console.log(`src: ${sum(files.map(lines))} lines; the longest file is ${longest}, ${lines(longest)} lines`);
console.log(`imports: ${files.length} files, ${[...imports.values()].flat().length} imports, ${depth()} levels`);
for (const problem of problems) console.error(`imports: ${problem}`);
if (problems.length === 0) console.log('imports: no circle, none upward');
else process.exitCode = 1;

function lines(file) {
  return readFileSync(join(src, file), 'utf8').split('\n').length - 1;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function upward() {
  return files.flatMap((file) => {
    const closed = closedTo(roomOf(file));
    return imports
      .get(file)
      .filter((target) => closed.includes(roomOf(target)))
      .map((target) => `${file} imports ${target}, of a room that stands above or beside its own`);
  });
}

/** Groups of files that reach each other (Tarjan's strongly connected components). */
function components() {
  const state = new Map();
  const stack = [];
  const found = [];
  const visit = (file) => {
    const own = { index: state.size, low: state.size, open: true };
    state.set(file, own);
    stack.push(file);
    for (const target of imports.get(file) ?? []) {
      if (!imports.has(target)) continue;
      const other = state.get(target) ?? visit(target);
      if (other.open) own.low = Math.min(own.low, other.low);
    }
    if (own.low === own.index) {
      const group = stack.splice(stack.indexOf(file));
      for (const each of group) state.get(each).open = false;
      found.push(group);
    }
    return own;
  };
  for (const file of files) if (!state.has(file)) visit(file);
  return found;
}

function circles() {
  return components()
    .filter((group) => group.length > 1)
    .map((group) => `a circle of ${group.toSorted().join(', ')}`);
}

/** The longest way down, in files; a circle counts once. */
function depth() {
  const levels = new Map();
  for (const group of components()) {
    const below = group
      .flatMap((file) => imports.get(file))
      .filter((target) => imports.has(target) && !group.includes(target));
    const level = 1 + Math.max(0, ...below.map((target) => levels.get(target)));
    for (const file of group) levels.set(file, level);
  }
  return Math.max(...levels.values());
}
