import { cutEverywhere } from './cut.ts';

cutEverywhere({ mode: 'resumable', direction: 'down' });
