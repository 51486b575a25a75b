import '@fontsource/atkinson-hyperlegible/latin-400.css';
import '@fontsource/atkinson-hyperlegible/latin-700.css';
import '../look/tokens.css';
import '../look/base.css';
import { mount } from 'svelte';
import ItPage from './ItPage.svelte';

const target = document.getElementById('page');
if (!target) throw new Error('it.html holds no #page');
mount(ItPage, { target });
