import { describeEndings, ROWS } from './table.ts';

describeEndings('two processes that share in memory', ROWS);
