// What pages with charts share. Plain JavaScript; vegaEmbed stands before it in the page, and the
// page's own script behind it. All text is set as text, never as HTML.
"use strict";

const page = JSON.parse(document.getElementById("data").textContent);

const CONFIG = {
  background: null,
  view: { stroke: null },
  font: "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif",
  axis: {
    labelColor: "var(--quiet)", titleColor: "var(--quiet)", domainColor: "var(--line)",
    tickColor: "var(--line)", gridColor: "var(--line)", gridOpacity: 0.6, labelFontSize: 12,
  },
  legend: { labelColor: "var(--ink)", titleColor: "var(--quiet)", labelFontSize: 13, labelLimit: 180 },
  header: { labelColor: "var(--ink)", labelFontSize: 12, labelLimit: 140, labelPadding: 4 },
  axisQuantitative: { tickCount: 6 },
  mark: { tooltip: true },
};

/** Let Vega place names where they cover neither each other nor, unless told, a point; what has no
 *  room waits for a zoom. Vega places them anew where what the transform is told has changed, so it
 *  is told of the zoom. */
function placeNames(spec, besidePoints = true) {
  const inside = marks => marks.flatMap(mark => [mark, ...(mark.marks ? inside(mark.marks) : [])]);
  const marks = inside(spec.marks);
  const points = besidePoints ? marks.filter(mark => mark.type === "symbol").map(mark => mark.name) : [];
  const { size } = page.labels.transform;
  const zoomed = (spec.signals ?? []).some(each => each.name === "zoom") ? ", zoom" : "";
  const told = { signal: `[${size.signal}${zoomed}][0]` };
  for (const mark of marks) {
    if (mark.type !== "text" || !mark.name.startsWith(page.labels.layer)) continue;
    mark.transform = [{ ...page.labels.transform, size: told, avoidMarks: points }];
  }
  return spec;
}
