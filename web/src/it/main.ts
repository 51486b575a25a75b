import '@fontsource/atkinson-hyperlegible/latin-400.css';
import '@fontsource/atkinson-hyperlegible/latin-700.css';
import '../ui/tokens.css';
import '../ui/base.css';
import { mount } from 'svelte';
import { signIn } from '../api/client.svelte';
import ItPage from './ItPage.svelte';

const target = document.getElementById('page');
if (!target) throw new Error('it.html holds no #page');
addEventListener('hashchange', () => void signIn.takeKey());
await signIn.takeKey();
mount(ItPage, { target });
