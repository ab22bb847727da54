// Takes the pictures of the demo for the README: the allowed page and the foreign page.
import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startDemo } from '@mcp-cors/demo';
import { chromium } from 'playwright-core';

const { values } = parseArgs({
  options: {
    output: { type: 'string', default: new URL('../docs/images/', import.meta.url).pathname },
    width: { type: 'string', default: '1280' },
    scheme: { type: 'string', default: 'light' },
    upstream: { type: 'string' },
  },
});

await mkdir(values.output, { recursive: true });
const demo = await startDemo({ upstream: values.upstream });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
  ],
});
try {
  for (const [name, url] of [
    ['demo.png', demo.urls.page],
    ['demo-foreign.png', demo.urls.foreignPage],
  ]) {
    const page = await browser.newPage({
      viewport: { width: Number(values.width), height: 900 },
      deviceScaleFactor: 1,
      colorScheme: values.scheme,
    });
    page.on('pageerror', (error) => console.error(`${name}: ${error.message}`));
    await page.goto(url);
    await page.waitForSelector('html[data-state="done"]');
    await page.screenshot({ path: `${values.output}/${name}`, fullPage: true });
    console.log(await page.locator('#summary').textContent());
    await page.close();
  }
} finally {
  await browser.close();
  await demo.close();
}
