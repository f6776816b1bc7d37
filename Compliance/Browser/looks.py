"""How a page looks: contrasts by WCAG 2.2, and what is wider than the screen."""

CONTRASTS = """
selectors => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  // Whatever way a colour is written, the canvas knows it.
  const over = colors => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = rgb => {
    const [r, g, b] = rgb.map(each => { each /= 255; return each <= .04045 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  return selectors.map(selector => {
    const [path, property = 'color'] = selector.split('@'), [, element, pseudo] = /^(.*?)(::\\w+)?$/.exec(path);
    const node = document.querySelector(element);
    if (!node) return [selector, 0];
    const grounds = [];
    // What stands on its own ground, unless the ground is what is looked at.
    for (let each = property.startsWith('background') ? node.parentElement : node; each; each = each.parentElement) {
      grounds.unshift(getComputedStyle(each).backgroundColor);
    }
    const under = over(['white', ...grounds]);
    return [selector, ratio(over(['white', ...grounds, getComputedStyle(node, pseudo)[property]]), under)];
  });
}
"""


def low_contrasts(page, texts, shapes=()):
    """Those of the texts with less than 4.5 : 1 to their ground, and of the shapes with less than 3 : 1; or that are not there.

    Each is a selector, with `::placeholder`, and with `@property` when it is not `color`.
    """
    wanted = {**dict.fromkeys(texts, 4.5), **dict.fromkeys(shapes, 3)}
    return {selector: round(ratio, 2) for selector, ratio in page.evaluate(CONTRASTS, list(wanted)) if ratio < wanted[selector]}


def too_wide(page, width):
    """What reaches beyond a screen of this width without scrolling within something else."""
    return page.evaluate("""width => [...document.querySelectorAll('body *')].filter(node => {
      const box = node.getBoundingClientRect();
      if (box.width < 1 || box.right <= width + .5 && box.left >= -.5 || node.matches('.skip')) return false;
      // What is positioned scrolls along only with what it is positioned in.
      const parent = each => getComputedStyle(each).position === 'absolute' ? each.offsetParent : each.parentElement;
      for (let each = parent(node); each && each !== document.body; each = parent(each)) {
        if (getComputedStyle(each).overflowX !== 'visible') return false;
      }
      return true;
    }).map(node => `${node.localName}#${node.id}.${node.className}`)""", width)
