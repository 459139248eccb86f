// What is asked of a page beside what axe asks. Each function returns what is wrong, in words; nothing is well.
(() => {
  const ACTIONS = "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex='0']";
  const STATES = ".urgent, .soon, .good, .bad, .odd, .granted, .lost, .ahead, .sofar, .commit, [aria-current]";
  const all = (selector) => [...document.querySelectorAll(selector)];
  const words = (one) => one.textContent.trim().replace(/\s+/g, " ");
  const name = (one) => {
    const said = (one.getAttribute("aria-label") || words(one) || one.getAttribute("name") || "").slice(0, 40);
    return `${one.tagName.toLowerCase()}${one.id && "#" + one.id}${[...one.classList].map((c) => "." + c).join("")} "${said}"`;
  };
  const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".hidden, .skip:not(:focus)");
  const actions = () => all(ACTIONS).filter((one) => seen(one) && !one.disabled);
  const colour = (text) => {
    const [red = 0, green = 0, blue = 0, alpha = 1] = (text.match(/[\d.]+/g) || []).map(Number);
    return { parts: [red, green, blue], alpha: text === "none" ? 0 : alpha };
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const { parts, alpha } = colour(getComputedStyle(at).backgroundColor);
      if (alpha > 0.99) return parts;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0] : [255, 255, 255];
  };
  const light = (parts) => {
    const [red, green, blue] = parts.map((p) => p / 255).map((p) => (p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const look = (one) => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(one);
    return { ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2, outlineColor, boxShadow };
  };

  return {
    // Of everything that takes the focus, a ring that stands out from what is behind it. A key must have been pressed.
    focus: () => actions().filter((one) => one.tagName !== "IFRAME").flatMap((one) => {
      one.blur();
      const before = look(one);
      one.focus({ preventScroll: true });
      const after = look(one);
      if (document.activeElement !== one) return [`${name(one)} does not take the focus`];
      if (!after.ring && after.boxShadow === before.boxShadow) return [`${name(one)} shows no focus`];
      const found = after.ring ? contrast(colour(after.outlineColor).parts, behind(one.parentElement)) : 3;
      return found < 3 ? [`the focus of ${name(one)} has a contrast of ${found.toFixed(1)}`] : [];
    }),

    // What is clicked must be an action that the keyboard has as well, or a part or the label of one.
    clicks: () => {
      const asked = all("[onclick], [hx-get], [hx-post], [data-go], [data-key], [data-opens-help], [data-pick]")
        .filter((one) => !/load|every|change|submit/.test(one.getAttribute("hx-trigger") || "") && one.tagName !== "FORM");
      const pointed = all("body *").filter((one) => getComputedStyle(one).cursor === "pointer");
      const heard = (window.heard || []).filter((one) => one.isConnected && one.tagName !== "FORM");
      return [...new Set([...asked, ...pointed, ...heard])]
        .filter((one) => seen(one) && !one.closest(`${ACTIONS}, label`)).map((one) => `${name(one)} can only be clicked`);
    },

    // At least 24 pixels in both directions; a box to tick counts with its label.
    targets: () => actions().filter((one) => one.tagName !== "IFRAME").flatMap((one) => {
      const label = one.matches("[type=checkbox], [type=radio]") && one.closest("label");
      const { width, height } = (label || one).getBoundingClientRect();
      return Math.min(width, height) < 23.95 ? [`${name(one)} is ${width.toFixed(0)} x ${height.toFixed(0)}`] : [];
    }),

    // A state says in words what it says in colour. Numbers are no words; a drawing stands beside its words.
    colours: () => all(STATES).filter(seen).flatMap((one) => {
      if (one.matches("[aria-current]")) {
        const other = [...one.parentElement.children].find((next) => next !== one && next.matches("a:not([aria-current])"));
        const [mine, theirs] = [one, other || one].map((next) => getComputedStyle(next));
        return other && mine.fontWeight === theirs.fontWeight ? [`${name(one)} is current by colour alone`] : [];
      }
      const drawn = one.closest("[aria-hidden]");
      const copy = (drawn ? drawn.closest("tr, li, .commitment, section") : one.matches("dd") ? one.parentElement : one).cloneNode(true);
      if (!drawn) copy.querySelectorAll(".number, th").forEach((next) => next.remove());
      return /\p{L}{2}/u.test(copy.textContent) ? [] : [`${name(one)} says what it says by colour alone`];
    }),

    // Lines of pictures stand out from the paper.
    pictures: () => all("svg.chart path[stroke], svg.chart rect[fill-opacity='1']").flatMap((one) => {
      const style = getComputedStyle(one);
      const drawn = colour(one.matches("rect") ? style.fill : style.stroke).parts;
      const found = contrast(drawn, behind(one.closest("section, main")));
      return parseFloat(style.strokeWidth) > 1 && found < 3 ? [`a line ${style.stroke} has a contrast of ${found.toFixed(1)}`] : [];
    }),

    // Nothing is wider than the window, and no text is cut off.
    fits: () => {
      const over = document.documentElement.scrollWidth - innerWidth;
      const wide = over > 0 ? all("main *").filter((one) => one.getBoundingClientRect().right > innerWidth + 1).slice(-3) : [];
      const cut = all("main *").filter((one) => seen(one) && one.childElementCount === 0 && one.scrollWidth > one.clientWidth + 1
        && ["hidden", "clip"].includes(getComputedStyle(one).overflowX) && !one.closest("svg, select, .hidden"));
      return [...(over > 0 ? [`${over} pixels too wide: ${wide.map(name).join("; ")}`] : []), ...cut.map((one) => `${name(one)} is cut off`)];
    },

    // For who asked for no motion.
    still: () => all("body, body *").filter((one) => {
      const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
      return /[1-9]/.test(transitionDuration) || animationName !== "none" || scrollBehavior === "smooth";
    }).map((one) => `${name(one)} moves`),

    // With the reader's own few colours: what can be used has an edge or a line, and what is said over the page too.
    bare: () => [...all("button, .button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea"), ...all(".status:not(:empty)")]
      .filter(seen).filter((one) => {
        const { borderStyle, borderWidth, textDecorationLine } = getComputedStyle(one);
        return (borderStyle === "none" || parseFloat(borderWidth) === 0) && textDecorationLine === "none";
      }).map((one) => `${name(one)} has no edge`),

    // Where the focus is, and whether anything of it can be seen. It comes into a frame a little later, and into sight.
    held: async () => {
      const frames = document.querySelector("iframe") ? 10 : 0;
      const until = async (told) => {
        for (let n = 0; n < frames && !told(); n++) await new Promise(requestAnimationFrame);
        return told();
      };
      await until(() => document.activeElement !== document.body);
      const one = document.activeElement;
      const open = await until(() => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        const points = [0.1, 0.5, 0.9].flatMap((x) => [0.1, 0.5, 0.9].map((y) => [left + x * (right - left), top + y * (bottom - top)]));
        return points.some(([x, y]) => {
          const there = document.elementFromPoint(x, y);
          return there && (one.contains(there) || there.contains(one) || there.closest("label")?.contains(one));
        });
      });
      const group = one.type === "radio" ? one.name : "";
      return { place: all(ACTIONS).indexOf(one), group, frame: one.tagName === "IFRAME", name: name(one), open };
    },

    // What the Tab key has to come to, as places in the list of all actions; of a group of choices it is one.
    reachable: () => actions().map((one) => ({ place: all(ACTIONS).indexOf(one), name: name(one), group: one.type === "radio" ? one.name : "" })),
  };
})()
