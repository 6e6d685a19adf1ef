/**
 * The strongly connected components of a graph, by their nodes: two nodes are in one where each leads to the other. Their
 * nodes are in the order of `nodes`. Without recursion: chains may be longer than the stack.
 */
export function componentsOf<T>(nodes: readonly T[], next: (node: T) => Iterable<T>): Map<T, readonly T[]> {
  // Kosaraju's way: what leads to the node that was finished last, and is left, is in a component with it.
  const before = new Map<T, T[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) for (const each of next(node)) before.get(each)?.push(node);
  const componentOf = new Map<T, Set<T>>();
  for (const node of finished(nodes, next).reverse()) {
    if (componentOf.has(node)) continue;
    const component = new Set([node]);
    for (const member of component) {
      componentOf.set(member, component);
      for (const each of before.get(member) ?? []) if (!componentOf.has(each)) component.add(each);
    }
  }
  const ordered = new Map<Set<T>, T[]>();
  const components = new Map<T, readonly T[]>();
  for (const node of nodes) {
    const component = componentOf.get(node) as Set<T>;
    const members = ordered.get(component) ?? [];
    ordered.set(component, members);
    members.push(node);
    components.set(node, members);
  }
  return components;
}

/** The nodes in the order in which a search in depth is done with them. */
function finished<T>(nodes: readonly T[], next: (node: T) => Iterable<T>): T[] {
  const known = new Set(nodes);
  const seen = new Set<T>();
  const done: T[] = [];
  for (const start of nodes) {
    if (seen.has(start)) continue;
    seen.add(start);
    const path = [{ node: start, rest: next(start)[Symbol.iterator]() }];
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const step = last.rest.next();
      if (step.done) {
        done.push(last.node);
        path.pop();
      } else if (known.has(step.value) && !seen.has(step.value)) {
        seen.add(step.value);
        path.push({ node: step.value, rest: next(step.value)[Symbol.iterator]() });
      }
    }
  }
  return done;
}
