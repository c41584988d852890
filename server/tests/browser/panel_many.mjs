// A merchant with ten thousand keys.

import assert from "node:assert/strict";

import { check, config, done } from "./harness.mjs";
import { at, signedIn, tollgate } from "./person.mjs";

await check("ten thousand keys are paged from the newest to the oldest, each shown once", async (context) => {
  const who = { email: "many@shop.example", password: "four words of a pass phrase" };
  await tollgate(who.password, "user", "create", config.many.merchant, who.email);
  const { page } = await signedIn(context, who);
  const seen = new Set();
  const took = [];
  await page.goto(at("/keys"));
  for (let pages = 1; ; pages += 1) {
    assert.ok(pages <= 250, "the list ends");
    const links = await page.locator("tbody th a").evaluateAll((links) => links.map((link) => link.href));
    assert.ok(links.length > 0 && links.length <= 50, `${links.length} on page ${pages}`);
    for (const link of links) {
      assert.ok(!seen.has(link), `${link} is shown twice`);
      seen.add(link);
    }
    took.push(await page.evaluate(() => {
      const { responseEnd, requestStart } = performance.getEntriesByType("navigation")[0];
      return responseEnd - requestStart;
    }));
    const older = page.getByRole("link", { name: "Older" });
    if ((await older.count()) === 0) break;
    await older.click();
  }
  assert.equal(seen.size, config.many.keys);
  took.sort((a, b) => a - b);
  const median = took[Math.floor(took.length / 2)];
  // A build without optimization on a busy machine; what grows with the number of keys would be far beyond it.
  assert.ok(median < 500, `a page took ${median} ms`);
  await page.getByRole("link", { name: "Newest" }).click();
  assert.equal(await page.locator("tbody tr").count(), 50);
});

await done();
