"use strict";
(function () {
  var PAGE = 100;
  var collator = new Intl.Collator("en", { numeric: true });

  function enhance(details) {
    var table = details.querySelector(".rows table");
    if (!table || table.dataset.ready) return;
    table.dataset.ready = "1";
    var body = table.tBodies[0];
    var heads = Array.from(table.tHead.rows[0].cells);
    var classes = heads.map(function (c) { return c.className; });
    var source = document.getElementById(table.dataset.rows);
    var all = source ? JSON.parse(source.textContent) : Array.from(body.rows, function (r) {
      return Array.from(r.cells, function (c) { return c.textContent; });
    });
    var shown = all, limit = Math.max(PAGE, body.rows.length), column = -1, down = false;
    var more = details.querySelector(".more button");
    var filter = details.querySelector(".filter"), input = filter.querySelector("input"), status = filter.querySelector(".shown");

    function draw() {
      var rows = document.createDocumentFragment();
      shown.slice(0, limit).forEach(function (values) {
        var tr = document.createElement("tr");
        values.forEach(function (v, i) {
          var td = document.createElement("td");
          td.className = classes[i];
          td.textContent = v;
          tr.appendChild(td);
        });
        rows.appendChild(tr);
      });
      body.replaceChildren(rows);
      var n = Math.min(limit, shown.length);
      status.textContent = n < shown.length || shown.length < all.length ? n.toLocaleString("en") + " of " + all.length.toLocaleString("en") + " rows" : "";
      if (more) more.hidden = n >= shown.length;
    }

    function select() {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = !words.length ? all.slice() : all.filter(function (values) {
        var text = values.join("\n").toLowerCase();
        return words.every(function (w) { return text.includes(w); });
      });
      if (column >= 0) {
        shown.sort(function (a, b) {
          var x = a[column], y = b[column], d;
          if (x === "" || y === "") return (x === "") - (y === "");
          d = classes[column] === "num" ? Number(x) - Number(y) : collator.compare(x, y);
          return down ? -d : d;
        });
      }
      draw();
    }

    heads.forEach(function (th, i) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = th.textContent;
      button.title = "Sort by " + th.textContent;
      th.replaceChildren(button);
      button.addEventListener("click", function () {
        down = column === i ? !down : false;
        column = i;
        heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
        th.setAttribute("aria-sort", down ? "descending" : "ascending");
        select();
      });
    });
    if (all.length > 5) {
      filter.hidden = false;
      var timer;
      input.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(function () { limit = PAGE; select(); }, 120); });
    }
    if (more) more.addEventListener("click", function () { limit += 5 * PAGE; draw(); });
    if (source) draw();
  }

  var rules = Array.from(document.querySelectorAll("details.rule"));
  rules.forEach(function (d) {
    if (d.open) enhance(d);
    d.addEventListener("toggle", function () { if (d.open) enhance(d); });
  });
  [["open-all", true], ["close-all", false]].forEach(function (pair) {
    var button = document.getElementById(pair[0]);
    if (!button || rules.length < 2) return;
    button.hidden = false;
    button.addEventListener("click", function () { rules.forEach(function (d) { d.open = pair[1]; }); });
  });
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details.rule, details.query").forEach(function (d) { d.open = true; });
  });
})();
