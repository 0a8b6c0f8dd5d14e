"use strict";
(() => {
  const read = (name) => JSON.parse(document.getElementById(name).textContent);
  const { config, charts } = read("specs");
  const views = new Map();

  // Vega-Lite gives a single view its container's width, but not views one below the other; these
  // also need one width for the labels at their left, so that their axes stand in line.
  const fitted = (spec, width) => {
    if (!spec.vconcat) return { ...spec, autosize: { type: "fit-x", contains: "padding" } };
    const words = spec.vconcat.some((view) => view.layer[0].encoding.y?.type === "nominal");
    const left = words ? Math.min(190, width * 0.46) : 70;
    const right = words ? 72 : 16;
    const extent = words ? left : left - 22;
    const axisY = { minExtent: extent, maxExtent: extent, labelLimit: left - 10 };
    return {
      ...spec,
      vconcat: spec.vconcat.map((view) => ({ ...view, width: Math.max(80, width - left - right) })),
      config: { axisY },
      autosize: "pad",
    };
  };

  const draw = async (place) => {
    const name = place.dataset.chart;
    views.get(name)?.finalize();
    const result = await window.vegaEmbed(place, fitted(charts[name], place.clientWidth), {
      actions: false,
      // Interpreted, not compiled: the page's policy lets nothing evaluate text as a script.
      ast: true,
      config,
      mode: "vega-lite",
      renderer: "svg",
      tooltip: { disableDefaultStyle: true },
    });
    // Its container says in words what it shows; hundreds of marks would only be noise.
    place.querySelector("svg").setAttribute("aria-hidden", "true");
    views.set(name, result);
  };

  const places = [...document.querySelectorAll("[data-chart]")];
  const drawAll = () => Promise.all(places.map(draw));

  let width = document.body.clientWidth;
  let waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (document.body.clientWidth !== width) {
        width = document.body.clientWidth;
        drawAll();
      }
    }, 150);
  });

  for (const button of document.querySelectorAll("[data-reset]")) {
    button.addEventListener("click", () =>
      draw(document.querySelector(`[data-chart="${button.dataset.reset}"]`)));
  }

  for (const button of document.querySelectorAll("[data-file]")) {
    button.addEventListener("click", () => {
      const type = document.getElementById(button.dataset.file).dataset.type;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([read(button.dataset.file)], { type }));
      link.download = button.dataset.name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  // A browser may refuse to remember anything for a file opened from disk.
  const remembered = (action) => {
    try { return action(); } catch { return null; }
  };
  const paint = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  const chosen = remembered(() => localStorage.getItem("theme"));
  for (const input of document.querySelectorAll("[name=theme]")) {
    if (input.value === chosen) {
      input.checked = true;
      paint(chosen);
    }
    input.addEventListener("change", () => {
      paint(input.value);
      remembered(() => localStorage.setItem("theme", input.value));
    });
  }

  const opened = [];
  addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details:not([open]):not(.numbers)")) {
      one.open = true;
      opened.push(one);
    }
  });
  addEventListener("afterprint", () => {
    for (const one of opened.splice(0)) one.open = false;
  });

  drawAll().then(() => { document.documentElement.dataset.drawn = String(places.length); });
})();
