// Draws the plots in the light or dark scheme, or for paper, where they also get the width of the paper.
const { dark, template, plots } = JSON.parse(document.getElementById("data").textContent);
const night = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("screen and (max-width: 820px)");
const touch = matchMedia("(pointer: coarse)");
const config = { displayModeBar: false, responsive: true };
let paper = false;

function themed(plot) {
  const text = JSON.stringify(plot);
  return JSON.parse(night.matches && !paper ? text.replace(/#[0-9a-f]{6}/g, (colour) => dark[colour] ?? colour) : text);
}

function draw() {
  for (const plot of plots) {
    const { data, layout } = themed({ ...plot, layout: { ...plot.layout, template } });
    if (narrow.matches && !paper) {
      // There is no room at the ends of the lines; the legend above names them.
      layout.annotations = (layout.annotations ?? []).filter(({ name }) => name !== "label");
      if (!layout.polar) layout.margin.r = 14; // radar plots need the margin for their labels
      if (layout.xaxis?.nticks) layout.xaxis.nticks = 4;
    }
    if (paper) layout.width = plot.half ? 330 : 690;
    layout.dragmode = touch.matches ? false : "zoom";
    layout.uirevision = "kept";
    Plotly.react(plot.id, data, layout, config);
  }
}

// The points of a plot with the ends of their intervals, one line per point.
function csvOf(plot) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [["series", "x", "y", "x_low", "x_high", "y_low", "y_high"]];
  for (const { name, x: across, y: up, theta, r, error_x, error_y } of plot.data) {
    const [x, y] = theta ? [theta, r] : [across, up];
    if (!Array.isArray(x) || !Array.isArray(y)) continue;
    const end = (values, error, part, sign, at) => {
      const width = error?.[part]?.[at] ?? (part === "arrayminus" ? error?.array?.[at] : undefined);
      return width === undefined || width === null || values[at] === null ? "" : values[at] + sign * width;
    };
    x.forEach((value, at) =>
      lines.push([
        name,
        value,
        y[at],
        end(x, error_x, "arrayminus", -1, at),
        end(x, error_x, "array", 1, at),
        end(y, error_y, "arrayminus", -1, at),
        end(y, error_y, "array", 1, at),
      ]),
    );
  }
  return lines.map((line) => line.map(cell).join(",")).join("\n") + "\n";
}

function save(text, file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = file;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Adds buttons below each plot that save its picture and its numbers.
function addButtons() {
  for (const plot of plots) {
    const tools = document.createElement("p");
    tools.className = "tools";
    const actions = {
      PNG: () => Plotly.downloadImage(plot.id, { format: "png", scale: 2, filename: plot.id }),
      CSV: () => save(csvOf(plot), `${plot.id}.csv`),
    };
    for (const [label, action] of Object.entries(actions)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.title = label === "PNG" ? "Save the plot as a picture" : "Save the numbers of the plot";
      button.addEventListener("click", action);
      tools.append(button);
    }
    document.getElementById(plot.id).after(tools);
  }
}

function onPaper(now) {
  paper = now;
  draw();
}

draw();
addButtons();
night.addEventListener("change", draw);
narrow.addEventListener("change", draw);
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
