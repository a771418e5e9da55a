import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { app } from './state/app.svelte';
import { prefs } from './state/prefs.svelte';

prefs.apply();
const target = document.getElementById('app');
if (target) mount(App, { target });
void app.start();
