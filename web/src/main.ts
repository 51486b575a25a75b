import '@fontsource/atkinson-hyperlegible/latin-400.css';
import '@fontsource/atkinson-hyperlegible/latin-700.css';
import './look/tokens.css';
import './look/base.css';
import { mount } from 'svelte';
import Page from './Page.svelte';

const target = document.getElementById('page');
if (!target) throw new Error('index.html holds no #page');
mount(Page, { target });
