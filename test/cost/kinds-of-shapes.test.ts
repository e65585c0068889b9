import { SENT_ALL, testAnybody } from './anybody.ts';
import { SUBJECTS } from './apps.ts';

testAnybody(SUBJECTS.filter(({ name }) => !SENT_ALL.includes(name)));
