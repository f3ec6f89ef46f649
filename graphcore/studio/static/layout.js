// Places a graph in layers from left to right, after Sugiyama, Tagawa and Toda (1981): layers by the longest way,
// a bend in every layer that a link passes, an order with few crossings, heights with straight links.
import { depths, ends } from "./order.js";

export const NODE_WIDTH = 124;
const LAYER_GAP = 94; // room for what stands at the links
const NODE_GAP = 14;
const BEND_HEIGHT = 6;
const SWEEPS = 16;
const PORTS_FROM = 16; // px below a node's top

/** How far below a node's top its port number `index` of `count` is. */
export function portY(height, index, count) {
  return count < 2 ? height / 2 : PORTS_FROM + ((height - PORTS_FROM - 12) * index) / (count - 1);
}

/** Positions: `nodes` by name as {x, y, height}, and for each link the points it goes through. */
export function layout(run, heightOf) {
  const { layers, routes } = layered(run, heightOf);
  order(layers);
  settle(layers);
  const top = Math.min(...layers.flat().map((cell) => cell.y));
  const nodes = new Map();
  layers.forEach((layer, index) => {
    for (const cell of layer) {
      cell.x = index * (NODE_WIDTH + LAYER_GAP);
      cell.y -= top;
      if (cell.name !== null) nodes.set(cell.name, { x: cell.x, y: cell.y, height: cell.height });
    }
  });
  const height = Math.max(...layers.flat().map((cell) => cell.y + cell.height));
  return { nodes, routes: routes.map(points), width: layers.length * (NODE_WIDTH + LAYER_GAP) - LAYER_GAP, height };
}

function layered(run, heightOf) {
  const depth = depths(run);
  for (const { name } of run.nodes.filter((node) => depth.get(node.name) === 0)) {
    const used = run.links.filter((link) => ends(link.from).node === name);
    const needed = used.map((link) => depth.get(ends(link.to).node));
    if (needed.length) depth.set(name, Math.min(...needed) - 1); // a source stands just before whoever needs it first
  }
  const layers = Array.from({ length: Math.max(...depth.values()) + 1 }, () => []);
  const cells = new Map();
  for (const node of run.nodes) {
    const cell = { name: node.name, height: heightOf(node), before: [], after: [], y: 0, node };
    cells.set(node.name, cell);
    layers[depth.get(node.name)].push(cell);
  }
  const routes = run.links.map((link) => route(link, cells, depth, layers));
  return { layers, routes };
}

function route(link, cells, depth, layers) {
  const [from, to] = [ends(link.from), ends(link.to)];
  const way = [cells.get(from.node)];
  for (let layer = depth.get(from.node) + 1; layer < depth.get(to.node); layer++) {
    const bend = { name: null, height: BEND_HEIGHT, before: [], after: [], y: 0 };
    layers[layer].push(bend);
    way.push(bend);
  }
  way.push(cells.get(to.node));
  const source = way[0].node.outputs;
  const target = way.at(-1).node.inputs;
  const leaves = portY(way[0].height, source.findIndex((output) => output.name === from.port), source.length);
  const arrives = portY(way.at(-1).height, target.indexOf(to.port), target.length);
  for (let i = 0; i + 1 < way.length; i++) {
    const out = i === 0 ? leaves : BEND_HEIGHT / 2;
    const into = i + 2 === way.length ? arrives : BEND_HEIGHT / 2;
    const straight = way[i].name === null || way[i + 1].name === null ? 3 : 1; // bends are worth most
    way[i].after.push({ cell: way[i + 1], out, into, straight });
    way[i + 1].before.push({ cell: way[i], out, into, straight });
  }
  return { way, leaves, arrives };
}

function order(layers) {
  number(layers);
  let best = layers.map((layer) => [...layer]);
  let fewest = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep++) {
    const forward = sweep % 2 === 0;
    for (const layer of forward ? layers.slice(1) : layers.slice(0, -1).reverse()) {
      for (const cell of layer) cell.wish = wished(forward ? cell.before : cell.after, forward) ?? cell.place;
      layer.sort((one, other) => one.wish - other.wish);
      number([layer]);
    }
    const now = crossings(layers);
    if (now < fewest) [best, fewest] = [layers.map((layer) => [...layer]), now];
  }
  best.forEach((layer, index) => layers[index].splice(0, layer.length, ...layer));
  number(layers);
}

function number(layers) {
  for (const layer of layers) layer.forEach((cell, index) => (cell.place = index));
}

function wished(links, forward) {
  if (!links.length) return null;
  const at = (link) => link.cell.place + (forward ? link.out : link.into) / (link.cell.height + 1);
  return links.reduce((sum, link) => sum + at(link), 0) / links.length;
}

function crossings(layers) {
  let count = 0;
  for (const layer of layers) {
    const links = layer.flatMap((cell) =>
      cell.after.map((link) => [cell.place + link.out / 1000, link.cell.place + link.into / 1000]),
    );
    for (let i = 0; i < links.length; i++) {
      for (let j = 0; j < i; j++) if ((links[i][0] - links[j][0]) * (links[i][1] - links[j][1]) < 0) count++;
    }
  }
  return count;
}

function settle(layers) {
  for (const layer of layers) spread(layer, layer.map(() => 0));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forward = sweep % 2 === 0;
    for (const layer of forward ? layers : [...layers].reverse()) {
      spread(layer, layer.map((cell) => level(cell, forward)));
    }
  }
}

/** Where a cell would have its links horizontal: those on the side it was reached from count more. */
function level(cell, forward) {
  let [sum, weight] = [0, 0];
  for (const [links, side] of [[cell.before, forward ? 4 : 1], [cell.after, forward ? 1 : 4]]) {
    for (const link of links) {
      const shift = links === cell.before ? link.out - link.into : link.into - link.out;
      sum += (link.cell.y + shift) * side * link.straight;
      weight += side * link.straight;
    }
  }
  return weight ? sum / weight : cell.y;
}

/** As near to what is wished as the order and the gaps allow, in least squares: neighbours that clash are pooled. */
function spread(layer, wishes) {
  let offset = 0;
  const pools = [];
  layer.forEach((cell, index) => {
    pools.push({ sum: wishes[index] - offset, cells: [[cell, offset]] });
    offset += cell.height + NODE_GAP;
    while (pools.length > 1 && mean(pools.at(-2)) > mean(pools.at(-1))) {
      const last = pools.pop();
      pools.at(-1).sum += last.sum;
      pools.at(-1).cells.push(...last.cells);
    }
  });
  for (const pool of pools) for (const [cell, shift] of pool.cells) cell.y = mean(pool) + shift;
}

function mean(pool) {
  return pool.sum / pool.cells.length;
}

function points({ way, leaves, arrives }) {
  const [first, last] = [way[0], way.at(-1)];
  const found = [[first.x + NODE_WIDTH, first.y + leaves]];
  for (const bend of way.slice(1, -1)) {
    found.push([bend.x, bend.y + BEND_HEIGHT / 2], [bend.x + NODE_WIDTH, bend.y + BEND_HEIGHT / 2]);
  }
  found.push([last.x, last.y + arrives]);
  return found;
}
