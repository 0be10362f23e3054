import type { Line } from './benchmark.js';
import { rounded } from './statistics.js';

const HEADINGS = ['what', 'measured', 'against', 'ratio', 'target'] as const;

/** The lines as a table for people; the details follow each line. */
export function reportTable(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.what,
    quantity(line.value, line.unit),
    line.against === undefined ? '' : `${quantity(line.against.value, line.unit)} ${line.against.name}`,
    line.ratio === undefined ? '' : `${line.ratio}×`,
    line.target ?? '',
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const format = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const body = rows.flatMap((row, index) => [format(row), ...detailsOf(lines[index])]);
  return [format(HEADINGS), widths.map((width) => '─'.repeat(width)).join('  '), ...body].join('\n');
}

function quantity(value: number, unit: string): string {
  return `${rounded(value).toLocaleString('en-US')} ${unit}`;
}

function detailsOf(line: Line | undefined): string[] {
  if (line?.details === undefined) return [];
  return [
    `    ${Object.entries(line.details)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
  ];
}
