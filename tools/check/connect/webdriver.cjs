// Takes the place of the suite's test/utils/webdriver.js: the same calls, one after the other, on a Chromium that is there.
const { chromium } = require(process.env.PLAYWRIGHT);

let browser;
let page;
let last = Promise.resolve();

/** Commands run in the order in which they were given, awaited or not, as those of selenium-webdriver 3 did. */
function inTurn(command) {
  const result = last.then(async () => {
    if (page === undefined) {
      browser = await chromium.launch({
        executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
        args: ['--no-sandbox'],
      });
      page = await browser.newPage();
      page.setDefaultTimeout(15_000);
    }
    return command(page);
  });
  last = result.catch(() => {});
  return result;
}

const element = (selector) => ({
  getText: () => inTurn((page) => page.locator(selector).textContent()),
  click: () =>
    inTurn(async (page) => {
      await page.locator(selector).click();
      await page.waitForLoadState();
    }),
});

exports.driver = {};
exports.realmAccountPage = {};
exports.newPage = {
  get: (port, resource = '') => inTurn((page) => page.goto(`http://localhost:${port}${resource}`)),
  quit: () => inTurn(() => browser.close()),
  output: () => element('#output'),
  events: () => element('#events'),
  logInButton: () => element('button:text-is("Login")'),
  grantedResourceButton: () => element('button:text-is("Granted Resource")'),
  login: (user, password) =>
    inTurn(async (page) => {
      await page.locator('#username').fill(user);
      await page.locator('#password').fill(password);
      await page.locator('[name=login]').click();
      await page.waitForURL(/^http:\/\/localhost/);
    }),
};
