// The list of clips, and the clip that is chosen.
"use strict";
(() => {
  const data = window.FACECUES;
  const list = document.getElementById("list");
  if (!data || !list) return;

  const CHUNK = 80;       // entries that are made at a time
  const AT_FIRST = 4;     // methods that are shown beside the reference until somebody chooses
  const MISSING = "–";
  const at = (id) => document.getElementById(id);
  const clips = data.clips;
  const all = clips.id.map((_, index) => index);
  const main = data.metrics.filter((metric) => metric.main).length;
  const byName = new Intl.Collator("en", { numeric: true }).compare;
  const videos = pairs(data.videos);
  const missing = pairs(data.missing);
  const withVideos = new Set(data.videos.map(([clip]) => clip));
  const filmed = new Set(data.videos.map(([, method]) => method).concat(data.missing.map(([, method]) => method)));
  const own = data.methods.map((_, index) => index).filter((index) => data.methods[index].own);
  const shown = new Set([0, ...own.filter((index) => filmed.has(index)).slice(0, AT_FIRST)]);
  const player = new Player(showTime);
  let order = all;
  let made = 0;
  let chosen = -1;
  let heard = 0;
  let playing = new Map();  // method → video

  function pairs(triples) {
    return new Map(triples.map(([clip, method, value]) => [clip * data.methods.length + method, value]));
  }
  const of = (map, clip, method) => map.get(clip * data.methods.length + method);
  const score = (method, metric, clip) => data.scores[method]?.[metric]?.[clip] ?? null;

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const arrow = (metric) => ({ lower: " ↓", higher: " ↑" })[metric.better] ?? "";

  // ---- the list ----

  function options(select, entries) {
    select.append(...entries.map(([value, words]) => make("option", { value }, words)));
  }

  function fillFilters() {
    for (const kind of ["emotion", "actor"]) {
      const names = [...new Set(clips[kind].filter((name) => name !== null))].sort(byName);
      options(at(kind), names.map((name) => [name, name]));
      at(kind).closest("label").hidden = names.length === 0;
    }
    options(at("metric"), data.metrics.map((metric, index) => [index, metric.name + arrow(metric)]));
    options(at("method"), own.map((index) => [index, data.methods[index].title]));
    options(at("extremes-of"), own.map((index) => [index, data.methods[index].title]));
    if (data.metrics.length && own.length) at("metric").value = "0";
    at("with-video").checked = withVideos.size > 0 && withVideos.size < clips.id.length;
    at("with-video").closest("label").hidden = withVideos.size === 0;
  }

  function arrange() {
    const words = at("search").value.trim().toLowerCase().split(/\s+/);
    const [emotion, actor] = [at("emotion").value, at("actor").value];
    const kept = all.filter((clip) => (!emotion || clips.emotion[clip] === emotion)
      && (!actor || clips.actor[clip] === actor)
      && (!at("with-video").checked || withVideos.has(clip))
      && words.every((word) => clips.id[clip].toLowerCase().includes(word)));
    const metric = at("metric").value;
    order = metric === "" ? kept.sort((a, b) => byName(clips.id[a], clips.id[b]))
      : ordered(kept, Number(at("method").value), Number(metric), at("direction").value);
    for (const id of ["method", "direction"]) at(id).disabled = metric === "";
    const description = metric !== "" && data.metrics[metric].better === null;
    at("direction").options[0].textContent = description ? "highest" : "worst";
    at("direction").options[1].textContent = description ? "lowest" : "best";
    list.replaceChildren();
    made = 0;
    more();
    at("count").textContent = `${order.length} of ${clips.id.length} clips`;
    list.scrollTop = 0;
  }

  function ordered(kept, method, metric, direction) {
    const up = (data.metrics[metric].better === "higher") === (direction === "worst") ? 1 : -1;
    return [...kept].sort((a, b) => {
      const [x, y] = [score(method, metric, a), score(method, metric, b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return up * (x - y) || byName(clips.id[a], clips.id[b]);
    });
  }

  function more() {
    list.append(...order.slice(made, made + CHUNK).map(entry));
    made = Math.min(order.length, made + CHUNK);
  }

  function entry(clip) {
    const metric = at("metric").value;
    const value = metric === "" ? null : score(Number(at("method").value), Number(metric), clip);
    const number = metric === "" ? "" : value === null ? MISSING : rounded(value, data.metrics[metric].digits);
    return make("li", {}, make("button", {
      type: "button", "data-clip": clip, title: value === null ? clips.id[clip] : `${clips.id[clip]}: ${value}`,
      "aria-current": clip === chosen ? "true" : null, class: withVideos.has(clip) ? "filmed" : null,
    }, make("span", { class: "id" }, clips.id[clip]), make("span", { class: "number" }, number)));
  }

  // ---- the chosen clip ----

  function choose(clip, { focus = false } = {}) {
    if (!(clip in clips.id)) return;
    if (clip !== chosen) {
      chosen = clip;
      const address = `#clip=${encodeURIComponent(clips.id[clip])}`;
      if (location.hash !== address) location.replace(address);
      show();
    }
    mark(focus);
  }

  function mark(focus) {
    list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const place = order.indexOf(chosen);
    if (place < 0) return;
    while (made <= place) more();
    const button = list.children[place].firstChild;
    button.setAttribute("aria-current", "true");
    const [top, bottom] = [button.offsetTop - list.offsetTop, button.offsetTop - list.offsetTop + button.offsetHeight];
    if (top < list.scrollTop) list.scrollTop = top;
    else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
    if (focus) button.focus({ preventScroll: true });
  }

  function beside(step, options) {
    if (!order.length) return;
    const place = order.indexOf(chosen);
    choose(order[place < 0 ? 0 : Math.min(order.length - 1, Math.max(0, place + step))], options);
  }

  function show() {
    at("clip").textContent = clips.id[chosen];
    at("labels").textContent = ["actor", "emotion", "level"].map((kind) => clips[kind][chosen] && `${kind} ${clips[kind][chosen]}`)
      .filter(Boolean).join(" · ");
    showScreens();
    showScores();
  }

  function showScreens() {
    const time = player.time;
    const before = chosen === showScreens.last;
    showScreens.last = chosen;
    const methods = [...shown].sort((a, b) => a - b);
    const any = withVideos.has(chosen);
    player.pause();
    playing.forEach((video) => { video.removeAttribute("src"); video.load(); });  // lets go of the decoder
    playing = new Map();
    at("screens").replaceChildren(...(any ? methods.map(screen) : []));
    for (const id of ["controls", "settings", "shown"]) at(id).hidden = !any;
    const empty = at("no-video");
    empty.hidden = any;
    if (!any) {
      const sentence = data.methods.map((_, method) => of(missing, chosen, method)).find(Boolean);
      empty.textContent = sentence ?? data.unfilmed ?? "This report holds no videos of this clip: a report keeps those of a few clips, unless it is asked for all.";
    }
    player.take([...playing.values()], clips.fps[chosen]);
    if (before && playing.size) player.leader.addEventListener("loadedmetadata", () => player.seek(time), { once: true });
    showHeard();
  }

  function screen(method) {
    const source = of(videos, chosen, method);
    const { title } = data.methods[method];
    const caption = make("figcaption", {}, make("strong", {}, title), brief(method));
    if (source === undefined) {
      return make("figure", {}, make("p", { class: "empty" },
        of(missing, chosen, method) ?? "There is no video."), caption);
    }
    const video = make("video", { src: source, preload: "auto", playsinline: true, muted: true, "aria-label": title, "data-method": method });
    video.muted = true;
    playing.set(method, video);
    const figure = make("figure", {}, video, caption);
    video.addEventListener("click", () => player.toggle());
    video.addEventListener("error", () => {
      if (playing.get(method) !== video) return;
      playing.delete(method);
      player.drop(video);
      video.replaceWith(make("p", { class: "empty" }, "This browser cannot play the video."));
    });
    return figure;
  }

  /** The first metrics of a method for this clip, under its picture. */
  function brief(method) {
    const metrics = data.metrics.map((_, index) => index).filter((index) => score(method, index, chosen) !== null);
    const asked = at("metric").value === "" ? -1 : Number(at("metric").value);
    const best = [...new Set([asked, ...metrics])].filter((index) => metrics.includes(index) && (index < main || index === asked)).slice(0, 3);
    return make("dl", {}, ...best.map((index) => make("div", {},
      make("dt", {}, data.metrics[index].name), make("dd", { title: score(method, index, chosen) }, rounded(score(method, index, chosen), data.metrics[index].digits)))));
  }

  function showChips() {
    at("shown").replaceChildren(...[...filmed].sort((a, b) => a - b).map((method) => {
      const box = make("input", { type: "checkbox" });
      box.checked = shown.has(method);
      box.addEventListener("change", () => {
        shown[box.checked ? "add" : "delete"](method);
        showScreens();
      });
      return make("label", {}, box, ` ${data.methods[method].title}`);
    }));
  }

  function showHeard() {
    if (!playing.has(heard)) heard = playing.keys().next().value ?? 0;
    at("heard").replaceChildren(make("option", { value: "" }, "nobody"),
      ...[...playing.keys()].map((method) => make("option", { value: method }, data.methods[method].title)));
    at("heard").value = showHeard.nobody ? "" : String(heard);
    player.hear(showHeard.nobody ? null : playing.get(heard));
  }

  function showTime() {
    const button = at("controls").querySelector("[data-do=play]");
    button.querySelector(".words").textContent = player.playing ? "Pause" : "Play";
    button.querySelector("[aria-hidden]").textContent = player.playing ? "❚❚" : "▶\uFE0E";
    at("scrub").max = player.duration || 1;
    if (document.activeElement !== at("scrub") || player.playing) at("scrub").value = player.time;
    at("time").textContent = `${rounded(player.time, 2)} / ${rounded(player.duration, 2)} s · frame ${player.frame}`;
  }

  function showScores() {
    const rows = data.methods.map((_, index) => index)
      .filter((method) => data.metrics.some((_, metric) => score(method, metric, chosen) !== null || reason(method, metric)));
    const best = data.metrics.map((metric, index) => {
      const values = own.map((method) => score(method, index, chosen)).filter((value) => value !== null);
      if (!metric.better || values.length < 2) return null;
      return metric.better === "lower" ? Math.min(...values) : Math.max(...values);
    });
    at("scores").replaceChildren(
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "method"),
        ...data.metrics.map((metric) => make("th", { scope: "col", class: "number", title: metric.title },
          metric.name + arrow(metric), ...(metric.unit ? [make("small", {}, metric.unit)] : []))))),
      make("tbody", {}, ...rows.map((method) => make("tr", { class: data.methods[method].own ? null : "limit" },
        make("th", { scope: "row" }, data.methods[method].title),
        ...data.metrics.map((metric, index) => scoreCell(method, index, best[index]))))));
  }

  function reason(method, metric) {
    for (const [index, lacking] of Object.entries(data.why[method]?.[metric] ?? {})) {
      if (lacking.includes(chosen)) return data.reasons[index];
    }
    return null;
  }

  function scoreCell(method, index, best) {
    const metric = data.metrics[index];
    const value = score(method, index, chosen);
    const who = `${data.methods[method].title}, ${metric.name}`;
    if (value === null) {
      return make("td", { class: "number none", title: `${who}: ${reason(method, index) ?? "not measured"}` }, MISSING);
    }
    const isBest = data.methods[method].own && value === best;
    return make("td", { class: `number${isBest ? " best" : ""}`, "data-value": value, title: `${who}: ${value} ${metric.unit}`.trim() },
      rounded(value, metric.digits), ...(isBest ? [make("span", { class: "unseen" }, " (best)")] : []));
  }

  function showExtremes() {
    const method = Number(at("extremes-of").value);
    const link = (clip, metric) => clip === undefined ? MISSING : make("a", {
      href: `#clip=${encodeURIComponent(clips.id[clip])}`,
      title: String(score(method, metric, clip)),
    }, clips.id[clip], make("span", { class: "number" }, ` ${rounded(score(method, metric, clip), data.metrics[metric].digits)}`));
    at("extremes").replaceChildren(
      make("thead", {}, make("tr", {}, ...["metric", "worst", "best"].map((words) => make("th", { scope: "col" }, words)))),
      make("tbody", {}, ...data.metrics.map((metric, index) => [metric, index]).filter(([metric]) => metric.better).map(([metric, index]) => {
        const known = ordered(all.filter((clip) => score(method, index, clip) !== null), method, index, "worst");
        return make("tr", {}, make("th", { scope: "row", title: metric.title }, metric.name + arrow(metric)),
          make("td", {}, link(known[0], index)), make("td", {}, link(known.at(-1), index)));
      })));
  }

  // ---- what people do ----

  function fromAddress() {
    if (!location.hash.startsWith("#clip=")) return false;
    let id;
    try { id = decodeURIComponent(location.hash.slice(6)); } catch { return false; }
    const clip = clips.id.indexOf(id);
    if (clip >= 0) choose(clip);
    return clip >= 0;
  }

  function onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = event.target;
    const typing = target.matches("input[type=search], select, textarea");
    const inTable = target.closest(".scroll");
    if (typing) return;
    const inList = list.contains(target);
    if (event.key === " " && !target.matches("button, input[type=checkbox], a, summary") || event.key === " " && inList && target.hasAttribute("aria-current")) player.toggle();
    else if (event.key === ",") player.step(-1);
    else if (event.key === ".") player.step(1);
    else if (target.id === "scrub" || inTable) return;
    else if (event.key === "ArrowDown" || event.key === "ArrowRight") beside(1, { focus: inList });
    else if (event.key === "ArrowUp" || event.key === "ArrowLeft") beside(-1, { focus: inList });
    else return;
    event.preventDefault();
  }

  fillFilters();
  showChips();
  arrange();
  if (!fromAddress()) beside(0);
  showExtremes();
  for (const id of ["search", "emotion", "actor", "metric", "method", "direction", "with-video"]) {
    at(id).addEventListener("input", () => {
      arrange();
      if (chosen >= 0) mark(false);
    });
  }
  list.addEventListener("scroll", () => list.scrollTop + list.clientHeight > list.scrollHeight - 400 && made < order.length && more());
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) choose(Number(button.dataset.clip));
  });
  at("previous").addEventListener("click", () => beside(-1));
  at("next").addEventListener("click", () => beside(1));
  at("extremes-of").addEventListener("input", showExtremes);
  at("scores").addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell) at("scores-detail").textContent = cell.title;
  });
  const actions = { play: () => player.toggle(), back: () => player.step(-1), on: () => player.step(1) };
  at("controls").addEventListener("click", (event) => actions[event.target.closest("button")?.dataset.do]?.());
  at("scrub").addEventListener("input", () => player.seek(Number(at("scrub").value)));
  at("speed").addEventListener("input", () => player.setSpeed(Number(at("speed").value)));
  at("loop").addEventListener("input", () => { player.loop = at("loop").checked; });
  at("heard").addEventListener("input", () => {
    showHeard.nobody = at("heard").value === "";
    if (!showHeard.nobody) heard = Number(at("heard").value);
    showHeard();
  });
  addEventListener("hashchange", fromAddress);
  document.addEventListener("keydown", onKey);
})();
