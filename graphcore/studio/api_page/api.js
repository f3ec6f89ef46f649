// Tries out the calls that stand on the page: each form says its method and its path.

const run = await fetch("/api/run").then((answer) => answer.json());
const picture = run.nodes.flatMap((node) => node.outputs.filter((one) => one.picture).map((one) => [node.name, one.name]))[0];
const dial = run.nodes.flatMap((node) => node.params.filter((one) => one.live).map((one) => [node.name, one]))[0];
for (const node of run.nodes) document.getElementById("nodes").append(new Option(node.name));
for (const form of document.forms) {
  begin(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.method === "WS") toggle(form, event.submitter);
    else ask(form);
  });
}

// The first dial and the first picture of this graph stand in the forms.
function begin(form) {
  const fields = form.elements;
  if (fields.output && picture) [fields.node.value, fields.output.value] = picture;
  if (fields.width) fields.width.value = 320;
  if (fields.param && dial) {
    [fields.node.value, fields.param.value] = [dial[0], dial[1].name];
    fields.body.value = JSON.stringify({ value: dial[1].value });
  } else if (fields.say && dial) {
    fields.body.value = JSON.stringify({ set: { node: dial[0], param: dial[1].name, value: dial[1].value } });
  }
}

function pathOf(form) {
  return form.dataset.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(form.elements[name].value));
}

async function ask(form) {
  const file = form.querySelector('input[type="file"]');
  const name = form.elements.name;
  if (file?.files[0] && name instanceof HTMLInputElement && !name.value) name.value = file.files[0].name;
  const body = file ? file.files[0] : form.elements.body?.value;
  try {
    const answer = await fetch(pathOf(form), { method: form.dataset.method, body });
    const text = await answer.text();
    show(form, `${answer.status} ${pretty(text)}`, !answer.ok);
  } catch (error) {
    show(form, String(error), true);
  }
}

const sockets = new Map();

function toggle(form, button) {
  const open = sockets.get(form);
  if (button.name === "say") open?.send(form.elements.body.value);
  else if (open) open.close();
  else connect(form, button);
}

function connect(form, button) {
  const socket = new WebSocket(new URL(pathOf(form), location.href.replace(/^http/, "ws")));
  const say = form.querySelector('[name="say"]');
  const standing = (open) => {
    button.textContent = open ? "Close" : "Open";
    if (say) say.disabled = !open;
    if (open) sockets.set(form, socket);
    else sockets.delete(form);
  };
  socket.addEventListener("open", () => standing(true));
  socket.addEventListener("message", (event) => hear(form, event.data));
  socket.addEventListener("error", () => show(form, "it could not be opened", true));
  socket.addEventListener("close", () => standing(false));
}

function hear(form, said) {
  if (typeof said === "string") return show(form, pretty(said), said.startsWith('{"error"'));
  const output = form.querySelector("output");
  let image = output.querySelector("img");
  if (!image) output.replaceChildren((image = new Image()));
  const old = image.src;
  image.alt = "the newest frame";
  image.src = URL.createObjectURL(said);
  if (old) URL.revokeObjectURL(old);
}

function show(form, text, bad) {
  const shown = document.createElement("pre");
  shown.textContent = text;
  shown.className = bad ? "bad" : "";
  form.querySelector("output").replaceChildren(shown);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
}
