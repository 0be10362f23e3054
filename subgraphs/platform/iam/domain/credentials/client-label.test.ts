import { expect, it } from 'vitest';
import { clientLabel } from './client-label.js';

it.each([
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36',
    'computer',
    'Chrome',
    'macOS',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0',
    'computer',
    'Edge',
    'Windows',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
    'mobile',
    'Safari',
    'iOS',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'computer', 'Firefox', 'Linux'],
  ['curl/8.5.0', 'computer', 'curl', 'unknown'],
  ['', 'unknown', 'unknown', 'unknown'],
  [undefined, 'unknown', 'unknown', 'unknown'],
])('names what %s is, for people', (userAgent, device, browser, operatingSystem) => {
  expect(clientLabel(userAgent)).toEqual({ device, browser, operatingSystem });
});
