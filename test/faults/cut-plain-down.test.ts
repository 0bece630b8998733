import { cutEverywhere } from './cut.ts';

cutEverywhere({ mode: 'plain', direction: 'down' });
