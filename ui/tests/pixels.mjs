// pixels.mjs - a screenshot's pixels, read by the browser itself.
export async function pixels(browser, png) {
  const page = await browser.newPage();
  const list = await page.evaluate(async (base64) => {
    const image = new Image();
    image.src = `data:image/png;base64,${base64}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const data = context.getImageData(0, 0, image.width, image.height).data, counts = new Map();
    for (let i = 0; i < data.length; i += 4) {
      const key = (data[i] << 16) | (data[i + 1] << 8) | data[i + 2];
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts];
  }, png.toString('base64'));
  await page.close();
  return list.map(([key, count]) => [`#${key.toString(16).padStart(6, '0')}`, count]);
}
