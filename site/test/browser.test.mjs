// The built site in a real browser: it works, asks no other host, and fits phones and desktops.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { built } from '../places.mjs';
import { findBrowser, startBrowser } from './browser.mjs';
import { serveFolder } from './static-server.mjs';

const program = findBrowser();
const isBuilt = existsSync(join(built, 'index.html'));
const skip = !program
  ? 'no Chromium or Chrome in PATH: .ci/find-chromium installs one on Debian'
  : !isBuilt && 'the site is not built: npm run docs';
if (skip) console.log(`NOTICE: the pages are not opened in a browser: ${skip}`);

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const DESKTOP = { viewport: { width: 1280, height: 800 } };

/** All pages written by hand, and of the API reference the longest kinds. */
const pages = isBuilt
  ? readdirSync(built, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter(
        (file) =>
          file.endsWith('.html') &&
          (!file.startsWith('api/') || /\/(TtrpcServer|TtrpcClientOptions|ContainerChanges|index)\.html$/.test(file)),
      )
  : [];

describe('the site in a browser', { skip }, () => {
  let server;
  let browser;

  before(async () => {
    server = await serveFolder(built);
    browser = await startBrowser(program);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** Opens a page. `done` closes it and fails if the browser has complained or asked another host. */
  async function open(path, options = DESKTOP) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(data:|blob:)/.test(request.url()) && !request.url().startsWith(server.address)) {
        complaints.push(`asks ${request.url()}`);
      }
    });
    await page.goto(`${server.address}/${path}`, { waitUntil: 'networkidle' });
    return {
      page,
      async done() {
        await context.close();
        assert.deepEqual(complaints, []);
      },
    };
  }

  test('the home page leads to the quick start', async () => {
    const { page, done } = await open('');
    assert.match(await page.locator('h1').innerText(), /nestjs-ttrpc/);
    await page.getByRole('link', { name: 'Quick start', exact: true }).click();
    await page.getByRole('heading', { level: 2, name: 'Quick start' }).waitFor();
    assert.match(page.url(), /\/introduction(\.html)?#quick-start$/);
    assert.ok((await page.locator('.code-name').allInnerTexts()).includes('src/greeter.proto'));
    await done();
  });

  test("the sidebar has the users' pages, and the maintainers' apart", async () => {
    const { page, done } = await open('server.html');
    const sidebar = page.locator('.VPSidebar');
    const entries = await sidebar.locator('a').allInnerTexts();
    for (const name of ['Server', 'Client', 'Errors', 'Streams', 'Troubleshooting'])
      assert.ok(entries.includes(name), name);
    assert.ok(!entries.includes('Benchmarks'));
    await page.getByRole('link', { name: 'For maintainers' }).first().click();
    await sidebar.getByRole('link', { name: 'Benchmarks' }).waitFor();
    assert.ok(!(await sidebar.locator('a').allInnerTexts()).includes('Streams'));
    await done();
  });

  test('the search finds a page by a word of its text', async () => {
    const { page, done } = await open('');
    await page.getByRole('button', { name: 'Search' }).first().click();
    await page.locator('#localsearch-input').fill('waitForReady');
    const result = page.locator('.VPLocalSearchBox a.result').first();
    await result.waitFor();
    await result.click();
    await page.locator('.vp-doc h1').waitFor();
    assert.match(await page.locator('.vp-doc').innerText(), /waitForReady/);
    await done();
  });

  test('the API reference has the doc comments, and types lead to their pages', async () => {
    const { page, done } = await open('api/nestjs-ttrpc/classes/TtrpcServer.html');
    assert.match(await page.locator('.vp-doc').innerText(), /The strategy for/);
    await page.locator('.vp-doc').getByRole('link', { name: 'TtrpcServerOptions' }).first().click();
    await page.getByRole('heading', { level: 1, name: 'TtrpcServerOptions' }).waitFor();
    assert.match(await page.locator('.vp-doc').innerText(), /gracePeriodMs/);
    await done();
  });

  test('there is a dark mode', async () => {
    const background = (page) => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const { page, done } = await open('errors.html');
    assert.equal(await background(page), 'rgb(255, 255, 255)');
    await done();
    const dark = await open('errors.html', { ...DESKTOP, colorScheme: 'dark' });
    assert.notEqual(await background(dark.page), 'rgb(255, 255, 255)');
    await dark.done();
  });

  test('on a phone, rows of tables with long texts are blocks with the headings of their columns', async () => {
    const { page, done } = await open('options.html', PHONE);
    await page.locator('table.long-texts').first().waitFor();
    const cell = "document.querySelector('table.long-texts td')";
    assert.equal(await page.evaluate(`getComputedStyle(${cell}).display`), 'block');
    assert.equal(await page.evaluate(`getComputedStyle(${cell}, '::before').content`), '"option"');
    await done();
  });

  for (const [device, options] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    test(`no page is wider than a ${device}`, async () => {
      assert.ok(pages.length > 40, `${pages.length} pages`);
      // The layout is that of the HTML as it comes.
      const { page, done } = await open('', { ...options, javaScriptEnabled: false });
      const wide = [];
      for (const path of pages) {
        await page.goto(`${server.address}/${path}`, { waitUntil: 'load' });
        const width = await page.evaluate('document.documentElement.scrollWidth');
        if (width > options.viewport.width) wide.push(`${path}: ${width} px`);
      }
      assert.deepEqual(wide, []);
      await done();
    });
  }
});
