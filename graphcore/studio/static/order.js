// The nodes of a graph in the order in which packets go through it.

/** The two names of "node.port". */
export function ends(text) {
  const dot = text.indexOf(".");
  return { node: text.slice(0, dot), port: text.slice(dot + 1) };
}

/** For each node, by name, how many links the longest way from a source has. */
export function depths(run) {
  const depth = new Map(run.nodes.map((node) => [node.name, 0]));
  for (let round = 0; round < run.nodes.length; round++) {
    let moved = false;
    for (const link of run.links) {
      const needed = depth.get(ends(link.from).node) + 1;
      if (needed > depth.get(ends(link.to).node)) {
        depth.set(ends(link.to).node, needed);
        moved = true;
      }
    }
    if (!moved) break;
  }
  return depth;
}

/** The nodes, sources first. */
export function ordered(run) {
  const depth = depths(run);
  return [...run.nodes].sort((one, other) => depth.get(one.name) - depth.get(other.name));
}
