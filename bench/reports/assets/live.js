// Requests the state of the run regularly and draws it, changing only the elements that differ.
const { state, every, dark, ink, palette, dashes, template } = JSON.parse(document.getElementById("data").textContent);
const night = matchMedia("(prefers-color-scheme: dark)");
const touch = matchMedia("(pointer: coarse)");
const at = (id) => document.getElementById(id);
const SMOOTHED = 5; // number of points in the moving average of a curve
const COLOURED = 12; // up to this number, each line has its own colour
const ENDS = { running: "", finished: "The run is finished.", interrupted: "The run was interrupted.", failed: "The run failed." };
const places = new Map(); // positions of lines and agents in the order of their appearance, so that colours do not change
let last = null;

const words = (name) => name.replaceAll("_", " ");
const number = (value, digits = 4) => (value === null ? "–" : Number(value.toPrecision(digits)).toLocaleString("en", { maximumSignificantDigits: digits }).replace("-", "−"));
const whole = (value) => Math.round(value).toLocaleString("en");
const time = (seconds) => (seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`);
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/%\{/g, "%&#123;");
const known = (values) => values.filter((value) => value !== null);
const mean = (values) => (values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null);

function write(id, text) {
  const element = at(id);
  if (element.textContent !== text) element.textContent = text;
}

function show(id, shown) {
  if (at(id).hidden === shown) at(id).hidden = !shown;
}

// Updates the entries of a select element and keeps the selection.
function offer(id, names, chosen, label = words) {
  const select = at(id);
  if ([...select.options].map((option) => option.value).join("\n") !== names.join("\n"))
    select.replaceChildren(...names.map((name) => new Option(label(name), name)));
  if (document.activeElement !== select && names.includes(chosen)) select.value = chosen;
}

function placeOf(kind, name) {
  const key = `${kind} ${name}`;
  if (!places.has(key)) places.set(key, [...places.keys()].filter((other) => other.startsWith(`${kind} `)).length);
  return places.get(key);
}

// Each line has its own colour. If there are too many lines, each agent has a colour; with only one agent, the best lines do.
function looks(lines) {
  const world = last.world;
  const agents = new Set(lines.map(({ agent }) => agent));
  const own = lines.length <= COLOURED;
  const best = new Set([...lines].sort((a, b) => (mean(known(b.values)) ?? 0) - (mean(known(a.values)) ?? 0)).slice(0, palette.length));
  return lines.map((line) => {
    const grey = !own && agents.size < 2 && !best.has(line);
    const place = own || agents.size < 2 ? placeOf(`line of ${world}`, line.name) : placeOf("agent", line.agent);
    return { colour: grey ? ink.baseline : palette[place % palette.length], dash: dashes[Math.floor(place / palette.length) % dashes.length] };
  });
}

// The moving average of the values.
function smoothed(values) {
  return values.map((value, place) => (value === null ? null : mean(known(values.slice(Math.max(0, place - SMOOTHED + 1), place + 1)))));
}

function themed(content) {
  const text = JSON.stringify(content);
  return JSON.parse(night.matches ? text.replace(/#[0-9a-f]{6}/g, (colour) => dark[colour] ?? colour) : text);
}

function plot(id, data, layout) {
  const made = themed({ data, layout: { template, uirevision: "kept", margin: { t: 10, r: 14, b: 48, l: 56 }, ...layout } });
  made.layout.dragmode = touch.matches ? false : "zoom";
  Plotly.react(id, made.data, made.layout, { displayModeBar: false, responsive: true });
}

const overSlates = { title: { text: "slates shown in a run" }, tickformat: "~s", nticks: 6, rangemode: "tozero", hoverformat: ",.0f" };

function curvesOf(lines, look, values) {
  return lines.map((line, place) => ({
    type: "scatter",
    mode: line.slates.length > 1 ? "lines" : "markers",
    name: escaped(line.name),
    x: line.slates,
    y: smoothed(values(line)),
    connectgaps: true,
    line: { color: look[place].colour, width: 1.8, dash: look[place].dash },
    marker: { color: look[place].colour },
    hovertemplate: `${escaped(line.name)}<br>%{x:,.0f} slates: %{y:.4~g}<extra></extra>`,
  }));
}

function drawHead(found) {
  const share = found.total ? Math.min(found.slates / found.total, 1) : 0;
  const ended = found.status !== "running";
  const runs = found.runs > 1 ? `: ${whole(found.done)} of ${whole(found.runs)} runs finished` : "";
  const percent = `${Math.floor(100 * share)} %`;
  write("headline", ended ? `${found.what}: ${found.status}` : `${found.what}${runs}, ${percent}`);
  document.title = ended ? `${found.status} · ${found.what}` : `${percent} · ${found.what}`;
  at("bar").value = share;
  const pace = [`${whole(found.slates)} of ${whole(found.total)} slates`, `${time(found.seconds)} so far`];
  if (found.slates_per_second) pace.push(`${whole(found.slates_per_second)} slates/s`);
  if (found.seconds_left !== null) pace.push(`about ${time(found.seconds_left)} left`);
  write("pace", pace.join(" · "));
  write("work", !ended && found.at_work.length ? `Now: ${found.at_work.join(", ")}` : "");
  const failures = found.failures.slice(0, 5);
  if (at("failures").children.length !== failures.length)
    at("failures").replaceChildren(
      ...failures.map((text) => {
        const item = document.createElement("li");
        item.className = "warning";
        item.textContent = `Failed: ${text}`;
        return item;
      }),
    );
}

function drawRows(lines, look) {
  const order = lines.map((line, place) => [line, look[place]]);
  const content = order.map(([line, { colour }]) => {
    const values = known(line.values);
    const runs = Object.entries(line.runs).map(([status, count]) => `${count} ${status}`).join(", ");
    const lately = values.slice(-Math.max(1, Math.round(values.length / 10)));
    const slates = line.slates.length ? line.slates[line.slates.length - 1] : 0;
    return [line.name, colour, [runs, whole(slates), number(mean(values)), number(mean(lately))]];
  });
  const rows = at("rows");
  while (rows.children.length > content.length) rows.lastChild.remove();
  content.forEach(([name, colour, cells], place) => {
    let row = rows.children[place];
    if (!row) {
      row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      const agent = document.createElement("span");
      agent.className = "agent";
      agent.append(document.createElement("i"), document.createElement("span"));
      head.append(agent);
      row.append(head, ...cells.map(() => document.createElement("td")));
      rows.append(row);
    }
    row.querySelector(".agent > i").style.setProperty("--agent", night.matches ? (dark[colour] ?? colour) : colour);
    [name, ...cells].forEach((text, cell) => {
      const element = cell ? row.children[cell] : row.querySelector(".agent > span");
      if (element.textContent !== text) element.textContent = text;
    });
  });
}

function drawPaths(found, lines, look) {
  const names = found.objectives.map(([name]) => name);
  show("paths", names.length > 1);
  if (names.length < 2) return;
  show("axes", names.length > 2);
  offer("across", names, names[0]);
  offer("up", names, names[1]);
  const [across, up] = [at("across"), at("up")].map((select) => Math.max(names.indexOf(select.value), 0));
  const paths = lines.map((line, place) => {
    const [x, y] = [across, up].map((objective) => smoothed(line.earned[objective]));
    const { colour } = look[place];
    return {
      type: "scatter",
      mode: "lines+markers",
      name: escaped(line.name),
      x,
      y,
      line: { color: colour, width: 1 },
      marker: { color: colour, size: x.map((_, step) => (step === x.length - 1 ? 11 : 3)), opacity: x.map((_, step) => (step === x.length - 1 ? 1 : 0.35)), line: { width: 0 } },
      text: line.slates.map((slates) => `${whole(slates)} slates`),
      hovertemplate: `${escaped(line.name)}, %{text}<br>%{x:.4~g}, %{y:.4~g}<extra></extra>`,
    };
  });
  const front = found.front && {
    type: "scatter",
    mode: "lines",
    name: "exact front",
    x: found.front.map((value) => value[0]),
    y: found.front.map((value) => value[1]),
    line: { color: ink.ink, width: 1.6 },
    hovertemplate: "exact front<br>%{x:.4~g}, %{y:.4~g}<extra></extra>",
  };
  write(
    "path-reading",
    `The rewards per slate of each agent, as a moving average of ${SMOOTHED} points; the large point is the current one.` +
      (front ? " The black line is the exact Pareto front for new shoppers: the best rewards that slates chosen with full knowledge of each shopper earn. Single points scatter around the mean of an agent, and can lie beyond the front." : ""),
  );
  const middle = found.front?.[Math.floor(found.front.length / 2)];
  const label = middle && { x: middle[0], y: middle[1], text: "exact front", xanchor: "right", yanchor: "top", xshift: -4, yshift: -4, font: { color: ink.muted } };
  const [one, other] = [across, up].map((objective) => `${found.objectives[objective][1]} per slate`);
  plot("path", [...(front ? [front] : []), ...paths], { xaxis: { title: { text: escaped(one) } }, yaxis: { title: { text: escaped(other) } }, annotations: label ? [label] : [] });
}

function drawWeights(found, lines, look) {
  const names = found.objectives.map(([name]) => name);
  const moves = (line) => line.weights.some((values) => Math.max(...known(values)) - Math.min(...known(values)) > 1e-6);
  const some = lines.map((line, place) => [line, look[place]]).filter(([line]) => moves(line));
  show("moving", some.length > 0);
  if (!some.length) return;
  show("weighed", names.length > 1);
  offer("objective", names, names[names.length - 1]);
  const objective = Math.max(names.indexOf(at("objective").value), 0);
  const curves = curvesOf(some.map(([line]) => line), some.map(([, each]) => each), (line) => line.weights[objective]);
  plot("weight", curves, { xaxis: overSlates, yaxis: { title: { text: escaped(`weight on ${names[objective]}`) } } });
}

function draw() {
  if (!last) return;
  const found = last;
  drawHead(found);
  show("lines", found.lines.length > 0);
  show("curves", found.lines.length > 0);
  if (!found.lines.length) return;
  show("world-label", found.worlds.length > 1);
  offer("world", found.worlds, found.world, (name) => name);
  offer("metric", found.metrics, found.metric);
  const look = looks(found.lines);
  drawRows(found.lines, look);
  write("curve-reading", `The ${words(found.metric)} over the slates of a run. Each line is a mean over the runs that have come so far, and a moving average of ${SMOOTHED} points.`);
  plot("curve", curvesOf(found.lines, look, (line) => line.values), { xaxis: overSlates, yaxis: { title: { text: escaped(words(found.metric)) } } });
  drawPaths(found, found.lines, look);
  drawWeights(found, found.lines, look);
}

function notice(text, done = false) {
  write("notice", text);
  at("notice").classList.toggle("done", done);
  show("notice", text !== "");
}

async function look() {
  const asked = new URLSearchParams({ world: at("world").value, metric: at("metric").value });
  let found;
  try {
    const answer = await fetch(`${state}?${asked}`);
    if (!answer.ok) throw new Error(answer.statusText);
    found = await answer.json();
  } catch {
    return false;
  }
  last = found;
  notice(`${ENDS[found.status]}${found.page ? ` The report is ${found.page}.` : ""}`, found.status === "finished");
  draw();
  return true;
}

async function follow() {
  const answered = await look();
  const over = last && last.status !== "running";
  if (!answered && !over) notice("No connection: the run has ended or was stopped. The page shows the last known state, and continues when the same port answers again.");
  setTimeout(follow, over ? 5 * every : every);
}

for (const id of ["world", "metric"]) at(id).addEventListener("change", look);
for (const id of ["across", "up", "objective"]) at(id).addEventListener("change", draw);
document.addEventListener("visibilitychange", () => document.hidden || look());
night.addEventListener("change", draw);
follow();
