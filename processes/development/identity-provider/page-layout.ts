import { createHash } from 'node:crypto';

const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--ground:#eef1f6;--glow:#dfe7fb;--ink:#161b26;--soft:#5d6778;--line:#e1e5ec;
--hover:#f5f7fc;--accent:#3157e0;--alert:#b3261e;--alert-ground:#fdeceb}
@media (prefers-color-scheme:dark){:root{--paper:#171b24;--ground:#0d1017;--glow:#182344;--ink:#e9ecf3;--soft:#98a2b5;
--line:#2a3040;--hover:#1f2532;--accent:#8aa4ff;--alert:#ffb4ab;--alert-ground:#3a1d1b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;color:var(--ink);
background:radial-gradient(900px 480px at 50% -8%,var(--glow),transparent 70%) var(--ground);
font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{width:100%;max-width:430px;background:var(--paper);border:1px solid var(--line);border-radius:18px;
padding:32px 28px 24px;box-shadow:0 1px 2px #0000000a,0 18px 48px -18px #0b1b4a33}
.badge{display:inline-block;font-size:12px;letter-spacing:.06em;text-transform:uppercase;font-weight:600;
color:var(--accent);border:1px solid currentColor;border-radius:99px;padding:2px 10px}
h1{font-size:24px;line-height:1.25;margin:16px 0 4px;letter-spacing:-.01em}
p{margin:0 0 20px;color:var(--soft)}
p[role=alert]{color:var(--alert);background:var(--alert-ground);border-radius:10px;padding:10px 14px}
form{margin:0 0 10px}
button{font:inherit;color:inherit;cursor:pointer;background:none;border:1px solid var(--line);border-radius:12px;
padding:10px 14px;width:100%}
button:hover{background:var(--hover);border-color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.person{display:grid;grid-template-columns:42px 1fr auto;gap:14px;align-items:center;text-align:left}
.person strong,.person small{display:block;overflow-wrap:anywhere}
.person small{color:var(--soft);font-size:13.5px}
.person i{font-style:normal;color:var(--soft)}
.avatar{width:42px;height:42px;border-radius:50%;display:grid;place-items:center;color:#fff;font-weight:600;font-size:15px}
.tone-0{background:#3157e0}.tone-1{background:#0b7f6f}.tone-2{background:#a33ea1}
.tone-3{background:#b3541e}.tone-4{background:#5b4bc4}.tone-5{background:#2f7a34}
.hinted{border-color:var(--accent)}
input{font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:10px;
padding:8px 12px;width:100%;margin:6px 0 0}
.row{display:flex;gap:10px}
.primary{background:var(--accent);border-color:var(--accent);color:var(--paper);font-weight:600}
.primary:hover{background:var(--accent);filter:brightness(1.08)}
.quiet{border-color:transparent;color:var(--soft);font-size:14px}
footer{margin-top:14px;font-size:13px;color:var(--soft);text-align:center}
`;

/** Nothing but the style sheet above: no script, no other origin, no frame. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A whole page. `title` is text; `content` is HTML, escaped by its author. */
export function renderPage(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<span class="badge">Development</span>
<h1>${escapeHtml(title)}</h1>
${content}
<footer>Development identity provider. Never for production.</footer>
</main>
</body>
</html>
`;
}
