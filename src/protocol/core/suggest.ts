/** For longer names nothing is suggested: the search takes their length times that of all candidates, and a peer may send one. */
const MAX_CHARACTERS = 200;

/** How many single-character edits turn `a` into `b` (insert, delete, replace). */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}

/**
 * The name that was probably meant: the candidate closest to `name`, case aside, or undefined when none is close.
 * A candidate counts by its full name or by what stands behind its last dot.
 */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > MAX_CHARACTERS) return undefined;
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const full = candidate.toLowerCase();
    for (const form of [full, lastSegment(full)]) {
      const distance = editDistance(wanted, form);
      if (distance < bestDistance && distance <= Math.max(2, Math.floor(form.length / 3)) && distance < form.length) {
        best = candidate;
        bestDistance = distance;
      }
    }
  }
  return best;
}

/** ` Did you mean 'x'?`, or nothing: for the end of an error's text. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const meant = closest(name, candidates);
  return meant === undefined ? '' : ` Did you mean '${meant}'?`;
}

/** What stands behind the last dot of a qualified name. */
export function lastSegment(qualified: string): string {
  return qualified.slice(qualified.lastIndexOf('.') + 1);
}
