import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { floor } from './state/floor.svelte';
import { prefs } from './state/prefs.svelte';

prefs.apply();
const target = document.getElementById('app');
if (target) mount(App, { target });
void floor.start();
