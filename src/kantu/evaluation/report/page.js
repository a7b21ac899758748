"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const PAGE = 30; // cards at a time
const MARKS = { wrong: "答错", partly: "部分对", right: "答对" };
const CHOICES = ["family", "kind", "origin", "text"];
const BOX = /\[\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\]/g;
const SVG = "http://www.w3.org/2000/svg";
const filters = document.getElementById("filters");
const cards = document.getElementById("cards");
let chosen = [];
let shown = 0;

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function markOf(answer) {
  return answer.score >= 1 ? "right" : answer.score >= 0.5 ? "partly" : "wrong";
}

function row(table, cells, tag = "td") {
  const made = table.appendChild(make("tr"));
  for (const [text, className] of cells) made.appendChild(make(tag, className, text));
  return made;
}

function fillTables() {
  const tasks = document.getElementById("tasks");
  row(tasks, [["任务"], ["来源"], ...data.tasks.heads.map((head) => [head, "number"])], "th");
  for (const cells of data.tasks.rows) row(tasks, cells.map((cell, at) => [cell, at > 1 ? "number" : ""]));
  document.getElementById("tasks-note").textContent = data.tasks.note;
  tasks.closest("section").hidden = !data.tasks.rows.length;
  const floors = document.getElementById("floors");
  row(floors, [["目标"], ["来源"], ["要求 %", "number"], ["实测 %", "number"], ["题", "number"], [""]], "th");
  for (const floor of data.floors) {
    const met = floor.met ? ["达到", "met"] : ["未达到", "unmet"];
    row(floors, [[floor.name], [floor.origin], [floor.least, "number"], [floor.reached, "number"], [floor.count, "number"], met]);
  }
  floors.closest("section").hidden = !data.floors.length;
  const shares = document.getElementById("shares");
  const heads = Object.values(data.origins).flatMap((name) => [[name + " %", "number"], ["题", "number"]]);
  row(shares, [[""], ...heads], "th");
  for (const share of data.shares) {
    const cells = Object.keys(data.origins).flatMap((origin) => {
      const [percent, count] = share.shares[origin] || ["-", ""];
      return [[typeof percent === "number" ? percent.toFixed(1) : percent, "number"], [count, "number"]];
    });
    const name = share.kind ? data.kinds[share.kind] : share.family ? data.families[share.family] : "全部";
    const made = row(shares, [[name], ...cells]);
    made.className = share.kind ? "kind" : "kind family";
    made.addEventListener("click", () => {
      filters.family.value = share.family;
      filters.kind.value = share.kind;
      refresh();
      filters.scrollIntoView();
    });
  }
}

function fillFilters() {
  for (const [name, words] of [["family", data.families], ["kind", data.kinds], ["origin", data.origins]]) {
    const select = filters.elements[name];
    select.append(new Option("全部", ""));
    for (const [value, text] of Object.entries(words)) select.append(new Option(text, value));
  }
  const marks = document.getElementById("marks");
  for (const [mark, text] of Object.entries(MARKS)) {
    const label = marks.appendChild(make("label"));
    const box = label.appendChild(make("input"));
    Object.assign(box, { type: "checkbox", name: "mark", value: mark, checked: true });
    label.append(" " + text);
  }
  const wanted = new URLSearchParams(location.hash.slice(1)); // what is chosen stands in the address, to be passed on
  for (const name of CHOICES) if (wanted.has(name)) filters.elements[name].value = wanted.get(name);
  filters.addEventListener("input", refresh);
  filters.addEventListener("submit", (event) => event.preventDefault());
}

function boxes(text) {
  return [...text.matchAll(BOX)].map((found) => found.slice(1, 5).map(Number));
}

function shot(name, answer, isFirst) {
  const picture = data.pictures[name];
  if (!picture.url) return make("p", "quiet", "不接受的图片：" + name);
  const made = make("div", "shot");
  const image = made.appendChild(make("img"));
  Object.assign(image, { src: picture.url, alt: name, title: name, width: picture.width, height: picture.height });
  image.addEventListener("click", () => made.classList.toggle("large"));
  if (isFirst) {
    const svg = made.appendChild(document.createElementNS(SVG, "svg"));
    svg.setAttribute("viewBox", "0 0 1000 1000");
    svg.setAttribute("preserveAspectRatio", "none");
    for (const [className, text] of [["asked", answer.question], ["truth", answer.truth], ["answer", answer.answer]]) {
      for (const [left, top, right, bottom] of boxes(text)) {
        const rect = svg.appendChild(document.createElementNS(SVG, "rect"));
        rect.setAttribute("class", className);
        const edges = { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
        for (const [edge, value] of Object.entries(edges)) rect.setAttribute(edge, value);
      }
    }
  }
  return made;
}

function marked(text, values) {
  const made = make("dd", "truth");
  let rest = text;
  while (rest) {
    const found = values.map((value) => [rest.indexOf(value), value]).filter(([at, value]) => value && at >= 0);
    if (!found.length) break;
    found.sort((a, b) => a[0] - b[0] || b[1].length - a[1].length);
    const [at, value] = found[0];
    made.append(rest.slice(0, at), make("mark", "", value));
    rest = rest.slice(at + value.length);
  }
  made.append(rest);
  return made;
}

function card(answer) {
  const mark = markOf(answer);
  const made = make("article", "card " + mark);
  const shots = made.appendChild(make("div", "shots"));
  answer.pictures.forEach((name, at) => shots.appendChild(shot(name, answer, at === 0)));
  if (!answer.pictures.length) shots.appendChild(make("p", "quiet", "没有图片"));
  const told = made.appendChild(make("div"));
  const tags = told.appendChild(make("div", "tags"));
  const score = answer.score > 0 && answer.score < 1 ? " " + (100 * answer.score).toFixed(0) + "%" : "";
  tags.appendChild(make("span", "mark", MARKS[mark] + score));
  for (const text of [data.families[answer.family], data.kinds[answer.kind], data.origins[answer.origin]]) {
    tags.appendChild(make("span", "", text));
  }
  if (answer.probability !== null) tags.appendChild(make("span", "", "把握 " + (100 * answer.probability).toFixed(0) + "%"));
  tags.appendChild(make("span", "", answer.seconds + " 秒"));
  if (answer.record) tags.appendChild(make("span", "", answer.record));
  if (answer.visual) tags.appendChild(make("span", "", "视觉词元 " + answer.visual));
  for (const [name, value] of Object.entries(answer.measures)) tags.appendChild(make("span", "", name + " " + value));
  const list = told.appendChild(make("dl"));
  const boxed = boxes(answer.truth).length > 0;
  list.append(make("dt", "", "问"), make("dd", "question", answer.question));
  list.append(make("dt", boxed ? "box answered" : "", "回答"));
  list.append(make("dd", "answer", answer.error ? "（没有回答：" + answer.error + "）" : answer.answer || "（空）"));
  list.append(make("dt", boxed ? "box" : "", "正确"), marked(answer.truth, answer.values));
  if (answer.forbidden.length) list.append(make("dt", "", "不能说"), make("dd", "", answer.forbidden.join("、")));
  list.append(make("dt", "", "图片"), make("dd", "quiet", answer.pictures.join("、") || "无"));
  return made;
}

function matches(answer) {
  const { family, kind, origin, text } = Object.fromEntries(new FormData(filters));
  const marks = new FormData(filters).getAll("mark");
  const told = [answer.question, answer.answer, answer.truth, ...answer.pictures].join("\n");
  return (
    (!family || answer.family === family) && (!kind || answer.kind === kind) && (!origin || answer.origin === origin) &&
    marks.includes(markOf(answer)) && (!text || told.includes(text))
  );
}

function refresh() {
  const chosenNow = CHOICES.map((name) => [name, filters.elements[name].value]).filter(([, value]) => value);
  history.replaceState(null, "", "#" + new URLSearchParams(chosenNow));
  chosen = data.answers.filter(matches);
  shown = 0;
  cards.replaceChildren();
  document.getElementById("count").textContent = chosen.length + " 题";
  if (!chosen.length) cards.appendChild(make("p", "empty", "没有符合条件的题"));
  more();
}

function more() {
  for (const answer of chosen.slice(shown, shown + PAGE)) cards.appendChild(card(answer));
  shown = Math.min(chosen.length, shown + PAGE);
}

for (const name of ["who", "when", "costs"]) document.getElementById(name).textContent = data[name];
fillTables();
fillFilters();
refresh();
new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: "800px" })
  .observe(document.getElementById("more"));
