/** What a session list shows of a device. Labels for people, never a decision. */
export interface ClientLabel {
  readonly device: string;
  readonly browser: string;
  readonly operatingSystem: string;
}

// Order matters: Edge and Opera also call themselves Chrome, Chrome also Safari.
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\//, 'Firefox'],
  [/\b(Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/\bcurl\//i, 'curl'],
  [/\b(node|undici|python|go-http|okhttp)/i, 'program'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(iPhone|iPad)/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

export function clientLabel(userAgent: string | undefined): ClientLabel {
  const text = userAgent ?? '';
  const first = (list: readonly (readonly [RegExp, string])[]): string =>
    list.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown';
  const operatingSystem = first(SYSTEMS);
  const isMobile = /\bMobile\b/.test(text) || operatingSystem === 'iOS';
  return {
    device: text === '' ? 'unknown' : isMobile ? 'mobile' : 'computer',
    browser: first(BROWSERS),
    operatingSystem,
  };
}
