/** docs/performance.md and its plot: what stands between the marks is the bench's. */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { modules, root } from './install.mjs';
import { curves } from './page.mjs';

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

export function writePage({ text, results }) {
  const path = join(root, 'docs/performance.md');
  const page = readFileSync(path, 'utf8');
  const [before] = page.split(BEGIN);
  const after = page.split(END)[1] ?? '\n';
  writeFileSync(path, `${before}${BEGIN}\n\n${text}\n\n${END}${after}`);
  const lines = curves(results);
  if (lines.length > 0) writeFileSync(join(root, 'docs/performance.svg'), plot(lines));
}

const TITLE = '200 small migrations: seconds over the round trip to the database';

/** ECharts has nine colours, and then begins again. */
const COLOURS = [
  ...['#5470c6', '#91cc75', '#fac858', '#ee6666', '#73c0de', '#3ba272'],
  ...['#fc8452', '#9a60b4', '#ea7ccc', '#8c564b', '#7f7f7f', '#1b1b1b'],
];

function plot(lines) {
  const echarts = createRequire(join(modules, 'echarts/package.json'))('echarts');
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 800, height: 480 });
  chart.setOption({
    animation: false,
    color: COLOURS,
    title: { text: TITLE },
    legend: { bottom: 0 },
    grid: { top: 60, bottom: 90, left: 60, right: 30 },
    xAxis: { type: 'category', name: 'ms', data: ['0', '1', '10', '50'] },
    yAxis: { type: 'log', name: 's' },
    series: lines.map(({ name, points }) => ({
      type: 'line',
      name,
      data: points.map(([ms, s]) => [String(ms), s]),
    })),
  });
  const svg = chart.renderToSVGString().replace('>', `><title>${TITLE}</title>`);
  chart.dispose();
  return `${svg}\n`;
}
