// Draws the plots in the reader's colours: light, dark, or for paper, where the plots also take the paper's width.
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
      // The legend above names the lines; at their ends there is no room.
      layout.annotations = (layout.annotations ?? []).filter(({ name }) => name !== "label");
      layout.margin.r = 14;
      if (layout.xaxis.nticks) layout.xaxis.nticks = 4;
    }
    if (paper) layout.width = plot.half ? 330 : 690;
    layout.dragmode = touch.matches ? false : "zoom";
    layout.uirevision = "kept";
    Plotly.react(plot.id, data, layout, config);
  }
}

function onPaper(now) {
  paper = now;
  draw();
}

draw();
night.addEventListener("change", draw);
narrow.addEventListener("change", draw);
addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
