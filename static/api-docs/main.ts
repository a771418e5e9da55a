import { mount } from 'svelte';
import './explorer.css';
import Explorer from './Explorer.svelte';

const target = document.getElementById('app');
if (target) mount(Explorer, { target });
