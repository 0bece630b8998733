import { cutEverywhere } from './cut.ts';

cutEverywhere('plain');
