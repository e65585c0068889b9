import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

/** Gives pages of other layouts than `doc` the landmark that screen readers jump to. */
function markMain(): void {
  const content = document.getElementById('VPContent');
  if (content === null) return;
  if (content.querySelector('main') === null) content.setAttribute('role', 'main');
  else content.removeAttribute('role');
}

/**
 * The search box of the default theme says that it is a button with a listbox of links in it. Here it is a dialog with a list of
 * links, whose names are what is seen.
 */
function nameSearch(): void {
  const box = document.querySelector('.VPLocalSearchBox');
  if (box === null) return;
  if (box.getAttribute('role') !== 'dialog') {
    for (const name of ['aria-owns', 'aria-expanded', 'aria-haspopup', 'aria-labelledby'])
      box.removeAttribute(name);
    box.setAttribute('role', 'dialog');
    box.setAttribute('aria-label', 'Search');
  }
  box.removeAttribute('aria-owns');
  for (const list of box.querySelectorAll('[role="listbox"], [role="option"]')) {
    for (const name of ['role', 'aria-selected', 'aria-labelledby']) list.removeAttribute(name);
  }
  for (const link of box.querySelectorAll('a.result[aria-label]')) link.removeAttribute('aria-label');
  for (const key of box.querySelectorAll('kbd[aria-label]')) key.setAttribute('role', 'img');
  const input = box.querySelector('input');
  for (const name of ['aria-activedescendant', 'aria-autocomplete', 'aria-controls', 'aria-labelledby'])
    input?.removeAttribute(name);
  input?.setAttribute('aria-label', 'Search');
}

export default {
  extends: DefaultTheme,
  enhanceApp({ router }) {
    if (import.meta.env.SSR) return;
    const after = router.onAfterRouteChange;
    router.onAfterRouteChange = (to) => {
      setTimeout(markMain, 100);
      return after?.(to);
    };
    addEventListener('load', () => setTimeout(markMain, 100));
    new MutationObserver(nameSearch).observe(document.body, { childList: true, subtree: true });
  },
} satisfies Theme;
