import { cutEverywhere } from './cut.ts';

cutEverywhere({ mode: 'atomic', direction: 'up' });
