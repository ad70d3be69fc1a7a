// Backtests: the form follows the bot that is chosen, the list lets up to five be compared, curves side by side.

/* global LightweightCharts */

// The form: what is stored for the chosen bot; the document only where it is pasted.
const form = document.querySelector("form[data-backtest]");
if (form) {
  const { bot, start, end, balance } = form.elements;
  const pasted = form.querySelector("[data-pasted]");
  const DAY = 86_400_000;
  const day = (ms) => new Date(ms).toISOString().slice(0, 10);

  const follow = () => {
    pasted.hidden = bot.value !== pasted.dataset.pasted;
    for (const one of form.querySelectorAll("[data-available]")) one.hidden = one.dataset.available !== bot.value;
  };
  const suggest = () => {
    const about = form.querySelector(`[data-available="${CSS.escape(bot.value)}"]`);
    if (!about) return;
    balance.value = about.dataset.balance;
    if (!about.dataset.end) return;
    const last = Number(about.dataset.end) - 1;
    end.value = day(last);
    start.value = day(Math.max(Number(about.dataset.start), last - 89 * DAY));
  };
  bot.addEventListener("change", () => {
    follow();
    suggest();
  });
  follow();
}

// The list: two to five can be compared.
const list = document.querySelector("form[data-compares]");
if (list) {
  const most = Number(list.dataset.compares);
  const button = list.querySelector("[data-compare]");
  const boxes = [...list.querySelectorAll("input[name=id]")];
  const count = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    button.disabled = chosen < 2;
    button.textContent = chosen ? `Compare ${chosen}` : "Compare: choose two or more";
    for (const box of boxes) box.disabled = !box.checked && chosen >= most;
  };
  list.addEventListener("change", count);
  window.addEventListener("pageshow", count);
  count();
}

// Curves side by side.
const box = document.querySelector("[data-curves]");
if (box) {
  const lib = LightweightCharts;
  const curves = JSON.parse(document.getElementById("curves").textContent);
  const look = getComputedStyle(box);
  const colour = (name) => look.getPropertyValue(`--${name}`).trim();
  const percent = (value) => `${value.toFixed(2).replace("-", "−")} %`;
  const chart = lib.createChart(box, {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { color: "transparent" },
      textColor: colour("text-3"),
      fontFamily: look.getPropertyValue("--sans"),
      fontSize: 11,
    },
    grid: { vertLines: { color: `${colour("line")}66` }, horzLines: { color: `${colour("line")}99` } },
    rightPriceScale: { borderColor: colour("line") },
    timeScale: { borderColor: colour("line"), timeVisible: true, secondsVisible: false, minBarSpacing: 0.02 },
    handleScale: { mouseWheel: false },
    handleScroll: { vertTouchDrag: false },
    localization: { locale: "en-GB", priceFormatter: percent },
  });
  curves.forEach(({ points }, place) => {
    const series = chart.addSeries(lib.LineSeries, {
      color: colour(`line-${place + 1}`),
      lineWidth: 2,
      lineStyle: place % 2 ? lib.LineStyle.Dashed : lib.LineStyle.Solid,
      priceLineVisible: false,
    });
    series.setData(points.map(([close, value]) => ({ time: Math.floor(Date.parse(close) / 1000), value })));
  });
  chart.timeScale().fitContent();
}
